"""MLflow's SQLite file without its client: runs with their parameters, tags and metrics; artifacts after a move.

Importing the client takes 2 s of processor time, a tenth of a training of the default run. Only a file that
`tracking.prepare_store` stamped with the installed version is written, of a KNOWN version and with the columns known
here; in any other case the client does it. Readers see the same as if the client had written.
"""

import contextlib
import getpass
import math
import os
import sqlite3
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from relclip.internals import looked_into

KNOWN = "3.17"
#: What a person sets to have the client do more than write rows.
FOR_THE_CLIENT = ("MLFLOW_RUN_ID", "MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING")
SECONDS_FOR_A_LOCK = 60.0
#: Key, value, milliseconds since 1970, step.
Point = tuple[str, float, int, int]
_METRIC = {"key", "value", "timestamp", "run_uuid", "step", "is_nan"}
_PAIR = {"key", "value", "run_uuid"}
#: A run that begins.
_RUN = {
    "source_type": "UNKNOWN",
    "source_name": "",
    "entry_point_name": "",
    "source_version": "",
    "status": "RUNNING",
    "lifecycle_stage": "active",
    "end_time": None,
    "deleted_time": None,
}
_COLUMNS = {
    "runs": {*_RUN, "run_uuid", "name", "user_id", "start_time", "artifact_uri", "experiment_id"},
    "metrics": _METRIC,
    "latest_metrics": _METRIC,
    "params": _PAIR,
    "tags": _PAIR,
}
#: Longest parameter that the client takes; it cuts longer ones.
_LONGEST = 6000
_VALUES = "(key, value, timestamp, step, run_uuid, is_nan) VALUES (?, ?, ?, ?, ?, ?)"
_LATEST = f"""
INSERT INTO latest_metrics {_VALUES}
ON CONFLICT (key, run_uuid) DO UPDATE
SET value = excluded.value, timestamp = excluded.timestamp, step = excluded.step, is_nan = excluded.is_nan
WHERE (excluded.step, excluded.timestamp, excluded.value)
    > (latest_metrics.step, latest_metrics.timestamp, latest_metrics.value)
"""
_EXPERIMENT = (
    "SELECT experiment_id, artifact_location FROM experiments WHERE name = ? AND lifecycle_stage = 'active'"
)
_TAG = "INSERT OR REPLACE INTO tags (key, value, run_uuid) VALUES (?, ?, ?)"
_HAS_TAG = "EXISTS (SELECT 1 FROM tags WHERE tags.run_uuid = runs.run_uuid AND key = ? AND value = ?)"
_FOUND = """
SELECT run_uuid FROM runs JOIN experiments USING (experiment_id)
WHERE experiments.name = ? AND runs.lifecycle_stage = 'active' AND {tagged}
ORDER BY start_time DESC, run_uuid
"""


@dataclass(frozen=True)
class Store:
    """The file at `path`, as far as it is the one that `prepare_store` left with this `stamp`."""

    path: Path
    stamp: int
    experiment: str

    def begin(self, name: str, params: Mapping[str, object], tags: Mapping[str, str]) -> str | None:
        """Open a run and return its id; None, with nothing written, where the client must do it."""
        if any(variable in os.environ for variable in FOR_THE_CLIENT):
            return None
        with self._writing() as store:
            place = store.execute(_EXPERIMENT, [self.experiment]).fetchone() if store else None
            if store is None or place is None or "?" in place[1]:
                return None
            run = uuid.uuid4().hex
            row = {**_RUN, "run_uuid": run, "name": name, "user_id": user_name(), "start_time": _now()}
            row |= {"experiment_id": place[0], "artifact_uri": f"{place[1]}/{run}/artifacts"}
            columns, holes = ", ".join(row), ", ".join("?" * len(row))
            store.execute(f"INSERT INTO runs ({columns}) VALUES ({holes})", list(row.values()))
            of_params = [(key, str(value)[:_LONGEST], run) for key, value in params.items()]
            store.executemany("INSERT INTO params (key, value, run_uuid) VALUES (?, ?, ?)", of_params)
            _tag(store, run, {**context(), "mlflow.runName": name, **tags})
        return run

    def add(self, run: str, points: Sequence[Point], tags: Mapping[str, str]) -> None:
        """Add points and tags to a run that `begin` opened."""
        with self._writing() as store:
            if store:
                _add(store, run, points)
                _tag(store, run, tags)

    def end(self, run: str, status: str) -> None:
        """Say how a run that `begin` opened ended: FINISHED, FAILED."""
        with self._writing() as store:
            if store:
                _end(store, run, status)

    def end_the_dead(self, tags: Mapping[str, str], is_gone: Callable[[str], bool]) -> None:
        """Mark as KILLED the running runs that carry all `tags` and whose tag `process` `is_gone`."""
        with self._writing() as store:
            for run in self._tagged(store, tags, " AND status = 'RUNNING'") if store else ():
                process = "SELECT value FROM tags WHERE run_uuid = ? AND key = 'process'"
                if store and is_gone(*(store.execute(process, [run]).fetchone() or [""])):
                    _end(store, run, "KILLED")

    def add_to_newest(self, tags: Mapping[str, str], metrics: Mapping[str, float]) -> bool:
        """Add metrics to the newest run that carries all `tags`.

        Returns False, with nothing written, where the client must do it: no such run, another version.
        """
        with self._writing() as store:
            if store is None or not (found := self._tagged(store, tags)):
                return False
            _add(store, found[0], [(key, value, _now(), 0) for key, value in metrics.items()])
        return True

    @contextlib.contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection | None]:
        """One transaction; none where the client must do it."""
        if not self.path.is_file():
            yield None
            return
        with contextlib.closing(
            sqlite3.connect(self.path, SECONDS_FOR_A_LOCK, isolation_level=None)
        ) as store:
            if not _known(store, self.stamp):
                yield None
                return
            store.execute("BEGIN IMMEDIATE")
            yield store
            store.execute("COMMIT")

    def _tagged(self, store: sqlite3.Connection, tags: Mapping[str, str], more: str = "") -> list[str]:
        """The runs of the experiment that carry all these tags, the newest first."""
        tagged = " AND ".join([_HAS_TAG] * len(tags)) or "1"
        words = [word for tag in tags.items() for word in tag]
        query = _FOUND.format(tagged=tagged + more)
        return [run for (run,) in store.execute(query, [self.experiment, *words])]


def _add(store: sqlite3.Connection, run: str, points: Sequence[Point]) -> None:
    rows = []
    for key, value, when, step in points:
        written, is_nan = _number(value)
        rows.append((key, written, when, step, run, is_nan))
    store.executemany(f"INSERT OR IGNORE INTO metrics {_VALUES}", rows)
    store.executemany(_LATEST, rows)


def _number(value: float) -> tuple[float, bool]:
    """As the client writes it: NaN is 0 and a flag, infinity the largest number."""
    if math.isnan(value):
        return 0.0, True
    largest = sys.float_info.max
    return min(max(float(value), -largest), largest), False


def _tag(store: sqlite3.Connection, run: str, tags: Mapping[str, str]) -> None:
    store.executemany(_TAG, [(key, value, run) for key, value in tags.items()])


def _end(store: sqlite3.Connection, run: str, status: str) -> None:
    store.execute("UPDATE runs SET status = ?, end_time = ? WHERE run_uuid = ?", [status, _now(), run])


def _now() -> int:
    return time.time_ns() // 1_000_000


def _known(store: sqlite3.Connection, stamp: int) -> bool:
    if store.execute("PRAGMA user_version").fetchone()[0] != stamp:
        return False
    found = {table: {row[1] for row in store.execute(f"PRAGMA table_info({table})")} for table in _COLUMNS}
    release = f"{stamp // 1_000_000}.{stamp // 1000 % 1000}"
    version = f"{release}.{stamp % 1000}" if found == _COLUMNS else f"{release} with other tables"
    return looked_into("MLflow", version, KNOWN, "its client writes the runs, seconds each")


def user_name() -> str:
    """Who this process belongs to."""
    try:
        return getpass.getuser()
    except (ImportError, OSError, KeyError):  # a container's user without a name
        return "unknown"


def context() -> dict[str, str]:
    """The tags that the client adds: who runs which program of which commit."""
    tags = {
        "mlflow.user": user_name(),
        "mlflow.source.name": sys.argv[0] or "<console>",
        "mlflow.source.type": "LOCAL",
    }
    questions = {
        "commit": ["rev-parse", "HEAD"],
        "branch": ["symbolic-ref", "--short", "HEAD"],
        "repoURL": ["remote", "get-url", "origin"],
    }
    folder = Path(sys.argv[0]).resolve().parent
    for name, words in questions.items() if folder.is_dir() else ():
        with contextlib.suppress(OSError):  # no git
            command = ["git", "-C", str(folder), *words]
            said = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
            tags |= {f"mlflow.source.git.{name}": said} if said else {}
    return tags


#: Where artifacts lie, by table and column, below the store's folder.
_PLACES = (("experiments", "artifact_location"), ("runs", "artifact_uri"))
_ARTIFACTS = "/mlruns/"


def follow(path: Path) -> None:
    """After a move of the store's folder: artifacts that lie beside it now are found there.

    MLflow keeps absolute addresses. One that leads elsewhere on purpose, or to a server, stays.
    """
    here = path.resolve().parent
    with contextlib.closing(sqlite3.connect(path, SECONDS_FOR_A_LOCK)) as store, store:
        places = store.execute("SELECT artifact_location FROM experiments").fetchall()
        for old in {place.rpartition(_ARTIFACTS)[0] for (place,) in places if place and _ARTIFACTS in place}:
            scheme, _, folder = old.rpartition("://")
            if scheme in {"", "file"} and _moved(Path(unquote(folder) if scheme else folder), here):
                _readdress(store, old, here.as_uri() if scheme else str(here))


def _moved(old: Path, here: Path) -> bool:
    left, found = (folder / _ARTIFACTS.strip("/") for folder in (old, here))
    return old != here and (found.is_dir() or not left.is_dir())


def _readdress(store: sqlite3.Connection, old: str, new: str) -> None:
    beginning = old + _ARTIFACTS
    for table, column in _PLACES:
        store.execute(
            f"UPDATE {table} SET {column} = ? || substr({column}, ?) WHERE substr({column}, 1, ?) = ?",
            [new, len(old) + 1, len(beginning), beginning],
        )
