"""The answers of all people in one SQLite file: each is on the disk before the next question is shown."""

import secrets
import sqlite3
import threading
import time
from collections.abc import Container, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from relclip.core.atomic import make_folder
from relclip.core.errors import InputError, no_file
from relclip.people.questionnaire import Question

#: SQLite's mark of whose file this is: "RCLA".
APPLICATION = 0x52434C41
SECONDS_TO_WAIT = 20.0
#: A log: the last answer of a person to a question counts, and an undo takes the last line away.
SCHEMA = """
CREATE TABLE IF NOT EXISTS annotator (name TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS answer (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    annotator TEXT NOT NULL REFERENCES annotator (name),
    question TEXT NOT NULL,
    image_id INTEGER NOT NULL,
    subject_id INTEGER NOT NULL,
    object_id INTEGER NOT NULL,
    predicate_id INTEGER NOT NULL,
    answer TEXT NOT NULL CHECK (answer IN ('right', 'wrong', 'skip')),
    at REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS answer_of ON answer (annotator, question);
CREATE TABLE IF NOT EXISTS secret (value TEXT NOT NULL);
"""
#: SQLite takes the other columns from the row of the maximum.
LAST_OF = "SELECT *, max(number) FROM answer WHERE annotator = ? GROUP BY question"


@dataclass(frozen=True)
class Row:
    """What someone answered to a question at last."""

    annotator: str
    image_id: int
    subject_id: int
    object_id: int
    predicate_id: int
    question: str
    answer: str
    at: float


class Store:
    """One database, for the threads of one server; other servers may have it open too."""

    def __init__(self, path: Path, *, create: bool = True) -> None:
        """Open or make the file; raises InputError where it is no database of ours, or absent and not to be made."""
        self._path, self._lock = path, threading.Lock()
        if not create and not path.is_file():
            raise InputError(f"{path} {no_file(path)}: nobody has answered yet; run relclip annotate first")
        make_folder(path.parent)
        try:
            self._file = sqlite3.connect(path, timeout=SECONDS_TO_WAIT, check_same_thread=False)
            self._prepare()
        except sqlite3.Error as error:
            raise self._unusable(error) from None

    def _prepare(self) -> None:
        with self._open() as file:
            mark = file.execute("PRAGMA application_id").fetchone()[0]
            if mark == 0 and file.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                raise InputError(f"{self._path} is a database of something else; give another --database")
            if mark not in {0, APPLICATION}:
                raise InputError(f"{self._path} is a database of another program; give another --database")
            file.execute("PRAGMA journal_mode = WAL")
            file.execute("PRAGMA foreign_keys = ON")
            file.execute(f"PRAGMA application_id = {APPLICATION}")
            file.executescript(SCHEMA)
            file.execute(
                "INSERT INTO secret SELECT ? WHERE NOT EXISTS (SELECT * FROM secret)", [secrets.token_hex(32)]
            )

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """The connection for one thread; changes are on the disk at the end, or undone where something fails.

        Raises InputError where the file gives or takes nothing: a full disk, another program that holds it.
        """
        try:
            with self._lock, self._file:
                yield self._file
        except sqlite3.IntegrityError:
            raise
        except sqlite3.Error as error:
            raise self._unusable(error) from None

    def _unusable(self, error: sqlite3.Error) -> InputError:
        return InputError(f"{self._path} cannot be used for answers ({error}); give another --database")

    def secret(self) -> str:
        """What the cookies of this database are signed with; it outlives the server."""
        with self._open() as file:
            return str(file.execute("SELECT value FROM secret").fetchone()[0])

    def add_annotator(self, name: str) -> None:
        """Remember a name; one that is known stays."""
        with self._open() as file:
            file.execute("INSERT OR IGNORE INTO annotator VALUES (?)", [name])

    def annotators(self) -> dict[str, set[str]]:
        """Name -> the questions answered, names sorted."""
        with self._open() as file:
            found: dict[str, set[str]] = {
                name: set() for (name,) in file.execute("SELECT name FROM annotator ORDER BY name")
            }
            for name, question in file.execute("SELECT DISTINCT annotator, question FROM answer"):
                found[name].add(question)
        return found

    def answers(self, annotator: str) -> dict[str, str]:
        """Question -> what this person answered at last."""
        with self._open() as file:
            return dict(file.execute(f"SELECT question, answer FROM ({LAST_OF})", [annotator]).fetchall())

    def add(self, annotator: str, question: Question, answer: str) -> None:
        """Write an answer; it counts in place of an earlier one."""
        row = [annotator, question.key, question.image_id]
        row += [question.subject_id, question.object_id, question.predicate_id, answer, time.time()]
        with self._open() as file:
            file.execute(f"INSERT INTO answer VALUES (NULL, {', '.join('?' * len(row))})", row)

    def undo(self, annotator: str, among: Container[str]) -> str | None:
        """Take this person's last answer to one of these questions away; returns the question, None: there is none."""
        query = "SELECT number, question FROM answer WHERE annotator = ? ORDER BY number DESC"
        with self._open() as file:
            rows = file.execute(query, [annotator])
            number, question = next((row for row in rows if row[1] in among), (None, None))
            file.execute("DELETE FROM answer WHERE number = ?", [number])
        return question

    def times(self, annotator: str, last: int) -> list[float]:
        """When this person's last answers were given, seconds since 1970, the latest first."""
        query = "SELECT at FROM answer WHERE annotator = ? ORDER BY number DESC LIMIT ?"
        with self._open() as file:
            return [at for (at,) in file.execute(query, [annotator, last])]

    def rows(self) -> list[Row]:
        """Everything that counts, of all people, in the order it was answered."""
        query = f"SELECT {', '.join(Row.__dataclass_fields__)} FROM answer ORDER BY at, number"
        with self._open() as file:
            rows = (Row(*row) for row in file.execute(query))
            return list({(row.annotator, row.question): row for row in rows}.values())
