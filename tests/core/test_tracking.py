"""MLflow behind one module: nothing lost under load, nothing stopped when it is away."""

import contextlib
import os
import shutil
import socket
import sqlite3
import subprocess
import sys

import pytest

from relclip.tracking.runs import tracking_uri

WRITER = """
import sys
from relclip.tracking.runs import record_later, track
number = sys.argv[1]
params = {"seed": int(number), "rcl": {"level": "dual"}}
with track("train", f"run{number}", params, {"run": f"run{number}"}) as recorder:
    for step in range(700):
        recorder.metrics({"loss": step / 7}, step)
record_later({"run": f"run{number}"}, {"predcls.recall_at_50": int(number) / 10})
print("stage finished")
"""


@pytest.fixture
def store(prepared_store, tmp_path, monkeypatch):
    """The address of a prepared SQLite store in a folder of its own, and a client for it."""
    shutil.copy(prepared_store / "mlflow.db", tmp_path)
    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    monkeypatch.chdir(tmp_path)
    import mlflow

    from relclip.tracking.runs import EXPERIMENT

    client = mlflow.MlflowClient(uri)
    return uri, client, client.get_experiment_by_name(EXPERIMENT).experiment_id


def writer(number, uri):
    return begun(uri, WRITER, str(number))


def begun(uri, *words):
    environment = {**os.environ, "MLFLOW_TRACKING_URI": uri}
    return subprocess.Popen(
        [sys.executable, "-c", *words],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


#: Eight processes, each with a client of its own, begun from one that has imported what takes each of them seconds.
EIGHT = """
import os, sys
import mlflow, mlflow.store.tracking.sqlalchemy_store
jobs = []
for number in range(8):
    job = os.fork()
    if not job:
        sys.argv[1:] = [str(number)]
        exec(os.environ["WRITER"])
        sys.exit()
    jobs.append(job)
sys.exit(any(os.waitpid(job, 0)[1] for job in jobs))
"""


@pytest.mark.workflow
def test_eight_jobs_at_once_lose_nothing(store, monkeypatch):
    uri, client, experiment = store
    monkeypatch.setenv("WRITER", WRITER)
    jobs = begun(uri, EIGHT)
    output, errors = jobs.communicate(timeout=180)
    assert jobs.returncode == 0
    assert output.count("stage finished") == 8
    assert "MLflow did not take" not in errors
    runs = client.search_runs([experiment])
    assert sorted(run.info.run_name for run in runs) == [f"run{number}" for number in range(8)]
    for run in runs:
        number = int(run.data.params["train.seed"])
        assert run.data.metrics["predcls.recall_at_50"] == number / 10
        assert [point.value for point in client.get_metric_history(run.info.run_id, "loss")] == [
            step / 7 for step in range(700)
        ]


KILLED = """
import os, signal, sys
from relclip.tracking.runs import track
with track("train", "one", {"seed": 1}, {"run": "one"}) as recorder:
    if sys.argv[1] == "die":
        os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.workflow
def test_the_row_of_a_killed_training_does_not_run_for_ever(store):
    uri, client, experiment = store
    other = client.create_run(experiment, tags={"stage": "train", "run": "one", "process": "00000000-1"}).info
    environment = {**os.environ, "MLFLOW_TRACKING_URI": uri}
    for how in ("die", "end"):
        subprocess.run([sys.executable, "-c", KILLED, how], env=environment, check=how == "end")
    found = {run.info.run_id: run.info.status for run in client.search_runs([experiment])}
    assert found.pop(other.run_id) == "RUNNING", "another machine's may be alive"
    assert sorted(found.values()) == ["FINISHED", "KILLED"]


@pytest.mark.workflow
def test_a_server_that_is_away_is_said_and_the_stage_finishes():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    job = writer(1, f"http://127.0.0.1:{port}")
    output, errors = job.communicate(timeout=60)
    assert job.returncode == 0
    assert output == "stage finished\n"
    assert "MLflow did not take this" in errors
    assert "Traceback" not in errors


STRAIGHT = """
import sys
from relclip.tracking.runs import record_later
record_later({"run": "relclip"}, {"recall": 0.25, "precision": float(sys.argv[1])})
print("mlflow" in sys.modules)
"""


def straight(uri, value):
    environment = {**os.environ, "MLFLOW_TRACKING_URI": uri}
    command = [sys.executable, "-c", STRAIGHT, str(value)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert not done.stderr
    return done.stdout.strip() == "True"


@pytest.mark.workflow
def test_metrics_reach_the_store_without_the_client_and_read_as_if_it_had_written(store):
    uri, client, experiment = store
    runs = [client.create_run(experiment, number, {"run": "relclip"}).info.run_id for number in (1, 2)]
    other = client.create_run(experiment, 3, {"run": "other"}).info.run_id
    client.log_metric(runs[1], "recall", 0.5, timestamp=1)
    used_client = [straight(uri, value) for value in (0.75, 0.5)]
    assert used_client == [False, False]
    assert client.get_run(runs[1]).data.metrics == {"recall": 0.25, "precision": 0.5}
    assert [point.value for point in client.get_metric_history(runs[1], "precision")] == [0.75, 0.5]
    assert client.get_run(runs[0]).data.metrics == client.get_run(other).data.metrics == {}
    found = client.search_runs([experiment], "metrics.precision > 0.4")
    assert [run.info.run_id for run in found] == [runs[1]]


OPENED = """
import sys
from relclip.internals import mlflow_sqlite
from relclip.tracking.runs import track
if sys.argv[1] == "client":
    mlflow_sqlite.KNOWN = "0.0"
try:
    with track("train", "one", {"seed": 0, "rcl": {"level": "dual", "held": []}, "none": None}, {"run": "one"}) as it:
        it.tags({"model_sha256": "ab", "stage": "train"})
        for step, loss in ((10, 0.5), (20, float("nan")), (30, float("-inf")), (40, 0.25)):
            it.metrics({"loss": loss}, step)
        it.metrics({"other": 1}, 5)
        assert sys.argv[2] == "FINISHED"
except AssertionError:
    pass
print("mlflow" in sys.modules)
"""


def rows_of(database, run):
    """All that the file says of a run but when, where and by which process."""
    found = {}
    for table in ("runs", "params", "tags", "metrics", "latest_metrics"):
        columns = [row[1] for row in database.execute(f"PRAGMA table_info({table})")]
        kept = [one for one in columns if one not in {"run_uuid", "start_time", "end_time", "timestamp"}]
        rows = database.execute(f"SELECT {', '.join(kept)} FROM {table} WHERE run_uuid = ?", [run]).fetchall()
        found[table] = sorted(str(row).replace(run, "RUN") for row in rows if row[0] != "process")
    return found


@pytest.mark.workflow
@pytest.mark.parametrize("status", ["FINISHED", "FAILED"])
def test_a_run_without_the_client_has_the_rows_that_the_client_writes(store, tmp_path, status):
    uri, client, experiment = store
    environment = {**os.environ, "MLFLOW_TRACKING_URI": uri}
    said = [
        subprocess.run(
            [sys.executable, "-c", OPENED, how, status],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for how in ("straight", "client")
    ]
    assert said == ["False", "True"]
    runs = client.search_runs([experiment])
    assert [run.info.status for run in runs] == [status, status]
    with contextlib.closing(sqlite3.connect(tmp_path / "mlflow.db")) as database:
        one, two = (rows_of(database, run.info.run_id) for run in runs)
    assert one == two
    assert len(one["metrics"]) == 5 and len(one["tags"]) > 6


@pytest.mark.workflow
def test_a_store_of_another_version_goes_through_the_client(store, tmp_path):
    uri, client, experiment = store
    with contextlib.closing(sqlite3.connect(tmp_path / "mlflow.db")) as database:
        database.execute("PRAGMA user_version = 1")
    assert straight(uri, 0.5)
    (run,) = client.search_runs([experiment])
    assert run.data.metrics == {"recall": 0.25, "precision": 0.5}


def test_an_experiment_in_a_copy_is_recorded_in_the_project(tmp_path, monkeypatch):
    """`dvc exp run --temp` works in .dvc/tmp/exps/standalone/, `--queue` in .dvc/tmp/exps/; both are removed."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    for place in (".", ".dvc/tmp/exps/tmpab12", ".dvc/tmp/exps/standalone/tmpcd34"):
        (tmp_path / place).mkdir(parents=True, exist_ok=True)
        monkeypatch.chdir(tmp_path / place)
        assert tracking_uri() == f"sqlite:///{tmp_path}/mlflow.db"
