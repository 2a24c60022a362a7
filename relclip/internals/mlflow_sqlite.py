"""MLflow's SQLite file without its client: metrics, moved artifacts.

Importing the client takes 1.65 s of processor time, which would double what judging a run takes. For metrics only a
file that `tracking.prepare_store` stamped with the installed version is written, of a KNOWN version and with the
columns known here; in any other case the client does it. Readers see the same as if the client had written.
"""

import contextlib
import math
import sqlite3
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote

#: Major and minor version, as the thousands of a stamp.
KNOWN = range(3017, 3018)
SECONDS_FOR_A_LOCK = 60.0
_METRIC = {"key", "value", "timestamp", "run_uuid", "step", "is_nan"}
_COLUMNS = {"metrics": _METRIC, "latest_metrics": _METRIC, "tags": {"key", "value", "run_uuid"}}
_INSERT = (
    "INSERT OR IGNORE INTO metrics (key, value, timestamp, run_uuid, step, is_nan) VALUES (?, ?, ?, ?, 0, 0)"
)
_LATEST = """
INSERT INTO latest_metrics (key, value, timestamp, run_uuid, step, is_nan) VALUES (?, ?, ?, ?, 0, 0)
ON CONFLICT (key, run_uuid) DO UPDATE
SET value = excluded.value, timestamp = excluded.timestamp, step = excluded.step, is_nan = excluded.is_nan
WHERE (excluded.step, excluded.timestamp, excluded.value)
    > (latest_metrics.step, latest_metrics.timestamp, latest_metrics.value)
"""
#: Where artifacts lie, by table and column, below the store's folder.
_PLACES = (("experiments", "artifact_location"), ("runs", "artifact_uri"))
_ARTIFACTS = "/mlruns/"
_HAS_TAG = "EXISTS (SELECT 1 FROM tags WHERE tags.run_uuid = runs.run_uuid AND key = ? AND value = ?)"
_NEWEST = """
SELECT run_uuid FROM runs JOIN experiments USING (experiment_id)
WHERE experiments.name = ? AND runs.lifecycle_stage = 'active' AND {tagged}
ORDER BY start_time DESC, run_uuid LIMIT 1
"""


def add_to_newest(
    path: Path, stamp: int, experiment: str, tags: Mapping[str, str], metrics: Mapping[str, float]
) -> bool:
    """Add metrics, in one transaction, to the newest run of the experiment that carries all `tags`.

    Returns False, with nothing written, where the client must do it: no such run, another version, odd numbers.
    """
    if not path.is_file() or not all(math.isfinite(value) for value in metrics.values()):
        return False
    with contextlib.closing(sqlite3.connect(path, SECONDS_FOR_A_LOCK, isolation_level=None)) as store:
        if not _known(store, stamp):
            return False
        store.execute("BEGIN IMMEDIATE")
        run = _newest(store, experiment, tags)
        if run is not None:
            now = time.time_ns() // 1_000_000
            rows = [(key, float(value), now, run) for key, value in metrics.items()]
            store.executemany(_INSERT, rows)
            store.executemany(_LATEST, rows)
        store.execute("COMMIT")
    return run is not None


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


def _known(store: sqlite3.Connection, stamp: int) -> bool:
    if store.execute("PRAGMA user_version").fetchone()[0] != stamp:
        return False
    found = {table: {row[1] for row in store.execute(f"PRAGMA table_info({table})")} for table in _COLUMNS}
    if stamp // 1000 in KNOWN and found == _COLUMNS:
        return True
    print(
        f"relclip: MLflow {stamp // 1_000_000}.{stamp // 1000 % 1000} is not the one that was looked into (3.17),"
        " or has other tables: its client writes the metrics, seconds a run",
        file=sys.stderr,
    )
    return False


def _newest(store: sqlite3.Connection, experiment: str, tags: Mapping[str, str]) -> str | None:
    tagged = " AND ".join([_HAS_TAG] * len(tags)) or "1"
    words = [word for tag in tags.items() for word in tag]
    found = store.execute(_NEWEST.format(tagged=tagged), [experiment, *words]).fetchone()
    return str(found[0]) if found else None
