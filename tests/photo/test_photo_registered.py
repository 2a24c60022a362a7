"""MLflow's registry: which run stands for a row, and a served model that answers a photo on loopback."""

import base64
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request

import pandas as pd
import pytest
import yaml
from photo_case import RUN
from shown_commands import shown

from relclip.core.atomic import write_json, write_text
from relclip.core.params.whole import load_workflow
from relclip.photo.register import best_runs, register_run

ROW = "table2-RelCLIP"


@pytest.fixture
def judged(data, tmp_path):
    """params.yaml with three runs in a row, two of them judged."""
    content = yaml.safe_load((data.parent / "params.yaml").read_text())
    content["runs"] |= {RUN: {}, "second": {"seed": 1}, "third": {"seed": 2}}
    content["tables"] = None
    rows = [{"name": "RelCLIP", "runs": [RUN, "second", "third"]}, {"name": "KB", "run": "kb"}]
    tables = {"tables": {"table2": {"title": "Precision", "columns": {}, "rows": rows}}}
    path = tmp_path / "params.yaml"
    path.write_text(yaml.safe_dump(content))
    write_text(tmp_path / "workflow" / "tables.yaml", yaml.safe_dump(tables))
    for run, found in ((RUN, 0.3), ("second", 0.2)):
        write_json(tmp_path / "evaluate" / run / "predcls" / "val.json", {"metrics": {"recall_at_50": found}})
    return path


def test_of_a_row_the_best_run_on_validation_stands_for_it(judged, tmp_path):
    assert table2(judged, tmp_path) == {ROW: RUN}
    write_json(tmp_path / "evaluate" / "third" / "predcls" / "val.json", {"metrics": {"recall_at_50": 0.31}})
    assert table2(judged, tmp_path) == {ROW: "third"}


def table2(params, data):
    return {
        name: run for name, run in best_runs(load_workflow(params), data).items() if name.startswith("table2")
    }


def served(port, photo):
    body = {"dataframe_split": {"columns": ["photo"], "data": [[base64.b64encode(photo).decode()]]}}
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/invocations",
        json.dumps(body).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.loads(answer.read())["predictions"]


@pytest.mark.workflow
def test_a_registered_model_is_served_and_answers_a_photo(data, graphs, judged, tmp_path, monkeypatch):
    mlflow = pytest.importorskip("mlflow")
    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    monkeypatch.chdir(tmp_path)
    (name,) = register_run(data, judged, RUN, [ROW])
    assert name == f"models:/{ROW}/1"
    assert register_run(data, judged, RUN, [ROW]) == []  # the same model is not registered twice
    loaded = mlflow.pyfunc.load_model(name)
    for none in (b"", b"hello"):
        with pytest.raises(mlflow.exceptions.MlflowException, match=r"a photo is (no picture|empty)"):
            loaded.predict(pd.DataFrame({"photo": [none]}))
    model = loaded.metadata
    assert [one.name for one in model.signature.inputs] == ["photo"]
    assert model.saved_input_example_info
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", *shown("mlflow models serve").split()]
    assert name in command
    environment = {**os.environ, "MLFLOW_TRACKING_URI": uri}
    with (tmp_path / "log").open("wb") as log:
        server = subprocess.Popen(
            [*command, "--port", str(port), "--workers", "1"], env=environment, stdout=log, stderr=log
        )
        try:
            photo = data / "raw" / "images" / "1.jpg"
            (answer,) = once_up(server, port, photo.read_bytes())
        finally:
            server.terminate()
            server.wait(30)
    graph = graphs(photo).to_dict()
    assert [one["label"] for one in answer["objects"]] == [one["label"] for one in graph["objects"]]
    assert [one["score"] for one in answer["relations"]] == pytest.approx(
        [one["score"] for one in graph["relations"]], rel=1e-3
    )


def once_up(server, port, photo):
    """Ask until the server answers, two minutes at most."""
    for _ in range(240):
        assert server.poll() is None, "the server ended; its log is in the test's folder"
        try:
            return served(port, photo)
        except OSError:
            time.sleep(0.5)
    raise AssertionError("the server did not answer")
