"""What the tables add to the runs in MLflow, and the page that shows them: read back through MLflow's client."""

import contextlib
import shutil
import socket
import sqlite3
import subprocess
import sys

import pytest

from relclip.core.errors import InputError
from relclip.internals.mlflow_sqlite import follow
from relclip.tracking.publish import Entry, publish
from relclip.tracking.ui import HOST, address, check_port

OF = {"run": "relclip_kb", "model_sha256": "f" * 64}


@pytest.fixture(scope="module")
def store(prepared_store, tmp_path_factory):
    """A store made in its folder, its client, our experiment, three runs: an old one of OF, a new one, another."""
    folder = tmp_path_factory.mktemp("store")
    shutil.copy(prepared_store / "mlflow.db", folder)
    with contextlib.closing(sqlite3.connect(folder / "mlflow.db")) as database, database:
        database.execute(
            "UPDATE experiments SET artifact_location = replace(artifact_location, ?, ?)",
            [str(prepared_store), str(folder)],
        )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{folder / 'mlflow.db'}")
        patch.chdir(folder)
        import mlflow

        from relclip.tracking.runs import EXPERIMENT

        client = mlflow.MlflowClient(f"sqlite:///{folder / 'mlflow.db'}")
        experiment = client.get_experiment_by_name(EXPERIMENT).experiment_id
        runs = [
            client.create_run(experiment, start, {**OF, "run": run}, run_name=run).info.run_id
            for start, run in ((1, "relclip_kb"), (2, "relclip_kb"), (3, "other"))
        ]
        client.log_metric(runs[1], "predcls.recall_at_50", 0.5)
        yield folder, client, experiment, runs


@pytest.mark.workflow
def test_names_figures_and_digests_reach_the_newest_run_alone(store, capsys):
    folder, client, experiment, (old, new, other) = store
    (folder / "card.md").write_text("card")
    (folder / "bars.svg").write_text("<svg/>")
    entry = Entry(
        OF,
        "RelCLIP (KB), seed 0",
        tags={"row": "Table 1: RelCLIP (KB), seed 0"},
        note="a note",
        files={"figures": [folder / "bars.svg"], "": [folder / "card.md"]},
        data={"dataset": "a" * 64, "kb": "b" * 64},
    )
    absent = Entry({"run": "never trained"}, "nobody")
    publish([entry, absent])
    run = client.get_run(new)
    assert run.info.run_name == "RelCLIP (KB), seed 0"
    assert run.data.tags["row"] == "Table 1: RelCLIP (KB), seed 0"
    assert run.data.tags["mlflow.note.content"] == "a note"
    assert {one.dataset.name: one.dataset.digest for one in run.inputs.dataset_inputs} == {
        "dataset": "a" * 36,
        "kb": "b" * 36,
    }
    assert [one.path for one in client.list_artifacts(new)] == ["card.md", "figures"]
    assert [one.path for one in client.list_artifacts(new, "figures")] == ["figures/bars.svg"]
    assert client.get_run(old).info.run_name == "relclip_kb"
    assert client.get_run(other).data.tags.keys().isdisjoint({"row", "published"})
    (found,) = client.search_runs(
        [experiment], "metrics.`predcls.recall_at_50` > 0.4", order_by=["metrics.`predcls.recall_at_50` DESC"]
    )
    assert found.info.run_name == entry.name

    client.set_tag(new, "row", "changed by hand")
    publish([entry])
    assert client.get_run(new).data.tags["row"] == "changed by hand"
    (folder / "card.md").write_text("another card")
    publish([entry])
    assert client.get_run(new).data.tags["row"] == entry.tags["row"]
    assert not capsys.readouterr().err


@pytest.mark.workflow
def test_a_store_from_another_folder_gets_no_figures_there(store, tmp_path, monkeypatch, capsys):
    folder, client, _, (_, new, _) = store
    (folder / "late.svg").write_text("<svg/>")
    (tmp_path / "mlflow.db").write_bytes((folder / "mlflow.db").read_bytes())
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'mlflow.db'}")
    publish([Entry(OF, "moved", files={"late": [folder / "late.svg"]})])
    assert "was made in another folder" in capsys.readouterr().err
    assert not client.list_artifacts(new, "late")
    assert client.get_run(new).info.run_name != "moved"


@pytest.mark.workflow
def test_figures_of_a_folder_that_was_moved_are_found(store, tmp_path):
    folder, client, experiment, (old, new, _) = store
    (folder / "kept.svg").write_text("<svg/>")
    client.log_artifact(new, str(folder / "kept.svg"), "kept")
    moved = tmp_path / "another place"
    shutil.copytree(folder, moved)
    follow(moved / "mlflow.db")
    import mlflow

    there = mlflow.MlflowClient(f"sqlite:///{moved / 'mlflow.db'}")
    assert there.get_experiment(experiment).artifact_location.startswith(str(moved))
    for run in (old, new):
        assert there.get_run(run).info.artifact_uri.startswith(str(moved))
    shutil.rmtree(moved / "mlruns")
    assert not there.list_artifacts(new, "kept")
    follow(folder / "mlflow.db")
    assert client.get_experiment(experiment).artifact_location.startswith(str(folder))
    assert [one.path for one in client.list_artifacts(new, "kept")] == ["kept/kept.svg"]


def test_without_a_store_nothing_is_made(tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'mlflow.db'}")
    publish([Entry(OF, "name")])
    assert not list(tmp_path.iterdir())


def ui(folder, port):
    command = [sys.executable, "-m", "relclip.tracking.ui", "--port", str(port)]
    environment = {"PATH": "/usr/bin:/bin", "MLFLOW_TRACKING_URI": f"sqlite:///{folder / 'mlflow.db'}"}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment, cwd=folder)


def test_the_page_says_what_is_missing_or_in_use(tmp_path):
    done = ui(tmp_path, 5000)
    assert (done.returncode, done.stdout) == (2, "")
    assert "nothing was trained here yet" in done.stderr and "Traceback" not in done.stderr
    (tmp_path / "mlflow.db").write_bytes(b"")
    with socket.socket() as other:
        other.bind((HOST, 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(InputError, match=rf"port {port} of 127\.0\.0\.1 is in use.*make ui PORT="):
            check_port(port)
    check_port(port)
    with pytest.raises(InputError, match="port 65536"):
        check_port(65536)
    with pytest.raises(InputError, match="port 0 of"):
        check_port(0)
    assert address(tmp_path / "mlflow.db", 5001).startswith("http://127.0.0.1:5001/#/experiments/0/runs?")
