"""The database: what counts, what an undo takes away, two at once, files that are something else."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor

import pytest

from relclip.annotate.store import Store
from relclip.core.errors import InputError
from relclip.people.questionnaire import Question

BOX = (0.0, 0.0, 1.0, 1.0)


def question(key):
    return Question(key, 7, 1, 2, 3, ("man", "riding", "horse"), (BOX, BOX))


def test_the_last_answer_counts_and_undo_brings_back_the_one_before(tmp_path):
    store = Store(tmp_path / "a.db")
    store.add_annotator("Ada")
    for key, said in (("a", "right"), ("b", "skip"), ("a", "wrong")):
        store.add("Ada", question(key), said)
    assert store.answers("Ada") == {"a": "wrong", "b": "skip"}
    assert store.undo("Ada", {"a", "b"}) == "a"
    assert store.answers("Ada") == {"a": "right", "b": "skip"}
    assert store.undo("Ada", {"a"}) == "a"  # b is asked no more
    assert store.answers("Ada") == {"b": "skip"}
    assert store.undo("Ada", {"a"}) is None
    assert [(row.annotator, row.question, row.answer) for row in store.rows()] == [("Ada", "b", "skip")]
    assert Store(tmp_path / "a.db").secret() == store.secret()


def test_everybody_has_answers_of_their_own(tmp_path):
    store = Store(tmp_path / "a.db")
    for name, said in (("Ada", "right"), ("Bob", "wrong")):
        store.add_annotator(name)
        store.add_annotator(name)
        store.add(name, question("a"), said)
    assert store.annotators() == {"Ada": {"a"}, "Bob": {"a"}}
    assert store.undo("Bob", {"a"}) == "a"
    assert (store.answers("Ada"), store.answers("Bob")) == ({"a": "right"}, {})
    with pytest.raises(sqlite3.IntegrityError):
        store.add("Ada", question("a"), "perhaps")
    with pytest.raises(sqlite3.IntegrityError):
        store.add("Nobody", question("a"), "right")


def test_two_servers_write_into_one_file(tmp_path):
    stores = [Store(tmp_path / "a.db") for _ in range(2)]
    stores[0].add_annotator("Ada")
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: stores[n % 2].add("Ada", question(str(n)), "right"), range(40)))
    assert stores[1].answers("Ada") == dict.fromkeys(map(str, range(40)), "right")
    mode = sqlite3.connect(tmp_path / "a.db").execute("PRAGMA journal_mode").fetchone()
    assert mode == ("wal",)


def test_an_answer_that_finds_no_room_is_a_sentence_and_the_others_stay(tmp_path):
    store = Store(tmp_path / "a.db")
    store.add_annotator("Ada")
    with store._open() as file:
        file.execute("PRAGMA max_page_count = 1")  # not below what it has: the file can grow no more
    kept = []
    with pytest.raises(InputError, match=r"a\.db cannot be used for answers \(database or disk is full\)"):
        for number in range(10_000):
            store.add("Ada", question(str(number)), "right")
            kept.append(str(number))
    assert store.answers("Ada") == dict.fromkeys(kept, "right")


def test_files_of_something_else_are_refused_and_left_alone(tmp_path):
    text, other, marked = (tmp_path / name for name in ("text.db", "other.db", "marked.db"))
    text.write_text("this is no database, but it is long enough to be looked at " * 9)
    with sqlite3.connect(other) as file:
        file.execute("CREATE TABLE runs (name TEXT)")
    with sqlite3.connect(marked) as file:
        file.execute("PRAGMA application_id = 5")
    for path, said in ((text, "cannot be used"), (other, "something else"), (marked, "another program")):
        before = path.read_bytes()
        with pytest.raises(InputError, match=f"{said}.*give another --database"):
            Store(path)
        assert path.read_bytes() == before
    with pytest.raises(InputError, match="cannot be used"):
        Store(tmp_path)
