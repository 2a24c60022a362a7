"""MLflow's file is written by the known versions alone; what is written: tests/core/test_tracking.py."""

import contextlib
import importlib.metadata
import sqlite3

import pytest

from relclip.internals import looked_into
from relclip.internals.mlflow_sqlite import KNOWN, Store


def test_the_installed_version_is_known():
    version = importlib.metadata.version("mlflow")
    assert looked_into("MLflow", version, KNOWN, ""), "compare the tables' columns, then name the version"


@pytest.mark.parametrize(("stamp", "named"), [(3_018_000, "3.18"), (4_001_002, "4.1"), (3_017_002, "3.17")])
def test_another_version_or_other_tables_are_left_to_the_client(tmp_path, capsys, stamp, named):
    with contextlib.closing(sqlite3.connect(tmp_path / "mlflow.db")) as store:
        store.execute("CREATE TABLE metrics (key, value)")
        store.execute(f"PRAGMA user_version = {stamp}")
        store.commit()
    file = Store(tmp_path / "mlflow.db", stamp, "relclip")
    assert not file.add_to_newest({}, {"recall": 0.5})
    assert file.begin("run", {}, {}) is None
    assert f"MLflow {named} " in capsys.readouterr().err
    with contextlib.closing(sqlite3.connect(tmp_path / "mlflow.db")) as store:
        assert store.execute("SELECT count(*) FROM metrics").fetchone() == (0,)
