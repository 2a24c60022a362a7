"""MLflow behind one module: nothing lost under load, nothing stopped when it is away."""

import os
import socket
import subprocess
import sys

import pytest

WRITER = """
import sys
from relclip.core.tracking import record_later, track
number = sys.argv[1]
params = {"seed": int(number), "rcl": {"level": "dual"}}
with track("train", f"run{number}", params, {"run": f"run{number}"}) as recorder:
    for step in range(700):
        recorder.metrics({"loss": step / 7}, step)
record_later({"run": f"run{number}"}, {"predcls.recall_at_50": int(number) / 10})
print("stage finished")
"""


def writer(number, uri):
    environment = {**os.environ, "MLFLOW_TRACKING_URI": uri}
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(number)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.workflow
def test_eight_jobs_at_once_lose_nothing(tmp_path, monkeypatch):
    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    monkeypatch.chdir(tmp_path)
    from relclip.core.tracking import EXPERIMENT, prepare_store

    prepare_store()
    jobs = [writer(number, uri) for number in range(8)]
    for job in jobs:
        _, errors = job.communicate(timeout=180)
        assert job.returncode == 0
        assert "MLflow did not take" not in errors
    import mlflow

    client = mlflow.MlflowClient(uri)
    runs = client.search_runs([client.get_experiment_by_name(EXPERIMENT).experiment_id])
    assert sorted(run.info.run_name for run in runs) == [f"run{number}" for number in range(8)]
    for run in runs:
        number = int(run.data.params["train.seed"])
        assert run.data.metrics["predcls.recall_at_50"] == number / 10
        assert [point.value for point in client.get_metric_history(run.info.run_id, "loss")] == [
            step / 7 for step in range(700)
        ]


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
