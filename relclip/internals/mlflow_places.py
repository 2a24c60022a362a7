"""After a move of the folder that holds MLflow's SQLite file: where its artifacts lie now."""

import contextlib
import sqlite3
from pathlib import Path
from urllib.parse import unquote

from relclip.internals.mlflow_sqlite import SECONDS_FOR_A_LOCK

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
