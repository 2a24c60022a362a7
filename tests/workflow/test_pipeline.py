"""The real workflow, end to end, on the smoke preset: Snakemake, DVC and MLflow as a user runs them."""

import hashlib
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from shown_commands import shown

from relclip.core.params.whole import load_workflow
from relclip.project.preset import use_preset
from relclip.tables.layout import run_names
from relclip.tables.provenance import RECORDED, artifacts

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.workflow


class House:
    """A copy of the project in a folder of its own, with the smoke preset in place."""

    def __init__(self, folder):
        self.folder = folder
        self.path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"

    def run(self, *command, ok=True):
        """Run a command of the environment in the house; return its output, stdout and stderr together."""
        environment = {
            name: value
            for name, value in os.environ.items()
            if name not in {"MLFLOW_TRACKING_URI", "PYTEST_CURRENT_TEST"}
        }
        environment["PATH"] = self.path
        environment["PYTHONPATH"] = str(self.folder)
        environment |= {
            f"GIT_{who}_{what}": "t@t" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
        }
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert (done.returncode == 0) is ok, done.stdout[-8000:]
        return done.stdout

    def environment(self):
        """Put this environment where the Makefile looks for it, as new as the lock."""
        venv = self.folder / ".venv"
        venv.mkdir()
        for name in ("bin", "lib"):
            (venv / name).symlink_to(Path(sys.prefix) / name)
        shutil.copyfile(Path(sys.prefix) / "pyvenv.cfg", venv / "pyvenv.cfg")
        (venv / "ready").touch()

    def readme(self, beginning, *, ok=True, **instead):
        """Run the command of README.md that begins so, word for word but for the names a user puts in himself."""
        command = shown(beginning)
        for name, value in instead.items():
            assert name in command
            command = command.replace(name, value)
        return self.run("bash", "-c", command, ok=ok)

    def change_params(self, change):
        path = self.folder / "params.yaml"
        content = yaml.safe_load(path.read_text())
        change(content)
        path.write_text(yaml.safe_dump(content, sort_keys=False))

    def digests(self, *patterns):
        """Path -> SHA-256 of all files that match."""
        files = [path for pattern in patterns for path in self.folder.glob(pattern) if path.is_file()]
        return {
            str(path.relative_to(self.folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(files)
        }


def copy_of_the_project(folder):
    listing = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    for name in listing.stdout.splitlines():
        if (ROOT / name).is_file() or (ROOT / name).is_symlink():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name, follow_symlinks=False)
    use_preset("smoke", folder / "workflow/presets", folder / "params.yaml")
    (folder / "params.yaml.old").unlink(missing_ok=True)
    return House(folder)


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """The smoke preset, built once from nothing by Snakemake and committed to git and DVC."""
    house = copy_of_the_project(tmp_path_factory.mktemp("house"))
    house.environment()
    house.output = house.readme("snakemake --cores")
    house.built = house.digests(
        "data/**/*.parquet", "data/**/*.json", "data/**/*.safetensors", "reports/tables/*"
    )
    house.run("git", "init", "--quiet")
    house.run("git", "add", "--all")
    house.run("git", "commit", "--quiet", "--message=sources")
    house.readme("make record")
    house.readme("git add")
    house.readme("git commit -a")
    return house


def executed(output):
    """Rule names of the jobs that Snakemake ran (or planned) in this output."""
    return [name for name in re.findall(r"^(\w+) +\d+$", output, re.MULTILINE) if name != "total"]


def test_the_environment_is_activated_as_shown(house):
    house.readme(". .venv/bin/activate")


def test_every_table_is_there_and_full(house):
    names = ("table1", "table2", "table3", "table4", "table5", "table6", "beyond", "kb_size", "claims")
    for name in names:
        for kind in ("csv", "md", "tex"):
            assert (house.folder / f"reports/tables/{name}.{kind}").stat().st_size > 100
    page = (house.folder / "reports/index.html").read_text()
    assert "<html" in page
    assert "RelCLIP (KB+EXT)" in page
    assert re.search(r"<strong>[^<]*RCL [^<]*</strong> RCL brings the words", page)
    for run, task in (("relclip_full", "predcls"), ("ba_sgg_kb", "sgcls"), ("visualds_kb_ext", "sgdet")):
        path = house.folder / f"data/evaluate/{run}/{task}/annotation.json"
        assert 0 <= json.loads(path.read_text())["metrics"]["recall_at_100"] <= 1
    metrics = json.loads((house.folder / "data/evaluate/relclip_full/predcls/annotation.json").read_text())
    assert metrics["metrics"]["recall_at_100"] > 0


def test_a_label_of_the_e_step_can_be_traced_to_its_sentence(house):
    import duckdb

    rows = duckdb.sql(
        f"""
        select caption_id, count, weight from '{house.folder}/data/train/visualds_kb_ext/labels.parquet'
        where kept and caption_id is not null order by all
        """
    ).fetchall()
    captions = dict(
        line.rsplit("\t", 1)[::-1]
        for line in (house.folder / "data/raw/captions.tsv").read_text().splitlines()
    )
    assert rows
    assert all(caption in captions and count > 0 and 0 <= weight <= 1 for caption, count, weight in rows)


def test_a_models_card_loads_it_and_the_readmes_line_shows_labels(house):
    card = (house.folder / "reports/model_cards/relclip_full.md").read_text()
    lines = re.search(r"```python\n(.*?)```", card, re.DOTALL)[1]
    assert len(lines.split("\n\n")) == 2  # what is imported, then the model
    assert house.run("python", "-c", f"{lines}\nprint(type(model).__name__)").strip() == "RelCLIP"
    assert "caption_id" in house.readme("python -c")


def test_a_photos_scene_graph_and_a_model_to_hand_over_as_the_readme_shows(house):
    """The exported model says the same but for the sentences, which are data; what is found can be imported."""
    shutil.copyfile(next((house.folder / "data/raw/images").iterdir()), house.folder / "photo.jpg")
    graph = house.folder / "scene-graphs/photo/graph.json"

    def said():
        found = json.loads(graph.read_text())
        return found["objects"], [(one["predicate"], one["score"]) for one in found["relations"]]

    house.readme("relclip predict photo.jpg")
    by_the_pipeline = said()
    house.readme("relclip export")
    shutil.rmtree(graph.parent)
    house.readme("relclip predict --model")
    assert by_the_pipeline[1] and said() == by_the_pipeline
    house.run("relclip", "predict", "photo.jpg", "--format", "coco")
    (house.folder / "photo.jpg").rename(house.folder / "scene-graphs/photo.jpg")
    assert "1 image\n" in house.readme("relclip import --format", FOLDER="scene-graphs")
    shutil.rmtree(house.folder / "model")


def test_digests_are_those_of_dvc(house):
    folders = [house.folder / "data" / name for name in ("kb", "dataset", "clip/model", "train/relclip_full")]
    found = artifacts(house.folder, [*folders, house.folder / "reports/metrics"])
    assert [one.recorded for one in found[:-1]] == [RECORDED] * len(folders)
    assert found[-1].recorded == RECORDED


def test_nothing_is_left_to_do(house):
    assert "Nothing to be done" in house.run("snakemake", "-n")
    assert "Data and pipelines are up to date" in house.readme("dvc status")


def test_an_edited_file_is_named_and_brought_back(house):
    path = house.folder / "data/kb/triplets.parquet"
    before = path.read_bytes()
    path.chmod(0o644)
    path.write_bytes(b"edited")
    assert "data/kb" in house.readme("dvc status")
    house.run("dvc", "checkout", "--force")  # without a terminal nobody can be asked
    assert path.read_bytes() == before
    path.unlink()
    house.readme("dvc checkout")
    assert path.read_bytes() == before


def test_a_lock_that_a_killed_snakemake_left_is_said_and_taken_away(house):
    locks = house.folder / ".snakemake/locks"
    locks.mkdir(exist_ok=True)
    (locks / "0.output.lock").write_text("reports/index.html\n")
    refused = house.run("snakemake", "--forcerun", "tables", "--cores", "1", ok=False)
    assert "--unlock" in refused
    house.readme("snakemake --unlock")
    assert not locks.exists()


def test_snakemake_makes_its_own_report(house):
    house.run("snakemake", "--report", "report.zip")
    assert (house.folder / "report.zip").stat().st_size > 10_000


def test_mlflow_has_one_row_a_training_with_params_curves_and_test_metrics(house):
    import mlflow

    client = mlflow.MlflowClient(f"sqlite:///{house.folder / 'mlflow.db'}")
    rows = client.search_runs(
        [client.get_experiment_by_name("relclip").experiment_id], "tags.stage = 'train'"
    )
    params = load_workflow(house.folder / "params.yaml")
    assert sorted(row.data.tags["run"] for row in rows) == sorted([*params.runs, *params.refined])
    names = run_names(params)
    for row in rows:
        run = row.data.tags["run"]
        assert row.info.run_name == names.get(run, run)
        assert row.data.tags["row"]
        assert {one.dataset.name for one in row.inputs.dataset_inputs} >= {"dataset", "prompts"}
        figures = [one.path for one in client.list_artifacts(row.info.run_id, "figures")]
        assert f"figures/{run}.svg" in figures
        assert row.info.status == "FINISHED"
        assert row.data.params["train.supervision"] == params.run(row.data.tags["run"]).supervision
        assert "predcls.recall_at_50" in row.data.metrics
        assert len(client.get_metric_history(row.info.run_id, "loss")) > 1


def test_one_epsilon_rebuilds_one_run_and_checkout_brings_the_old_tables_back(house):
    before = house.digests("reports/tables/*", "data/train/*/*")
    output = house.readme("dvc exp run")
    names = {line.split("'")[1] for line in output.splitlines() if line.startswith("Running stage")}
    assert names == {
        "train_run@epsilon_09",
        "predict_run@epsilon_09",
        "evaluate_run@epsilon_09",
        "claims",
        "tables",
    }
    changed = house.readme("dvc metrics diff")
    assert "metrics/epsilon_09.json" in changed and "relclip_full" not in changed
    assert "epsilon_06" in house.readme("dvc exp show")
    assert "Changes for experiment 'epsilon_06'" in house.run("dvc", "exp", "apply", "epsilon_06")
    assert "up to date" in house.readme("dvc repro")
    after = house.digests("reports/tables/*", "data/train/*/*")
    assert {path for path in before if path.endswith("safetensors") and before[path] != after[path]} == {
        "data/train/epsilon_09/model.safetensors"
    }
    assert "Nothing to be done" in house.run("snakemake", "-n")

    assert "another params.yaml (runs, runs.epsilon_09)" in other_params_are_refused(house)
    house.readme("git add")
    house.readme("git commit -am")
    house.readme("git checkout")
    house.readme("make adopt")
    assert house.digests("reports/tables/*", "data/train/*/*") == before
    assert "Nothing to be done" in house.run("snakemake", "-n")
    assert "Data and pipelines are up to date" in house.run("dvc", "status")


def other_params_are_refused(house):
    """What `make adopt` says, and that it changes nothing, where params.yaml is not the one of dvc.lock.

    `make record` refuses the same: what lies here belongs to the other params.yaml.
    """
    mine, made = (house.folder / "params.yaml").read_text(), house.digests("data/train/*/*")
    house.run("git", "checkout", "--quiet", "HEAD", "--", "params.yaml")
    said = house.readme("make adopt", ok=False)
    assert "not what this params.yaml makes: train_run, " in house.readme("make record", ok=False)
    (house.folder / "params.yaml").write_text(mine)
    assert house.digests("data/train/*/*") == made
    assert "Traceback" not in said and "Error 255" not in said
    return said


def test_an_edit_of_evaluate_trains_nothing(house):
    source = house.folder / "relclip/evaluate/__init__.py"
    old = source.read_text()
    source.write_text(old + "\n# edited\n")
    planned = set(executed(house.run("snakemake", "-n")))
    source.write_text(old)
    assert "evaluate_run" in planned
    assert planned <= {"all", "evaluate_run", "evaluate_sgdet", "claims", "tables"}


def test_the_same_seed_gives_the_same_bytes(house, tmp_path_factory):
    again = copy_of_the_project(tmp_path_factory.mktemp("again"))
    again.run(
        "snakemake",
        "--cores",
        "2",
        "data/train/visualds_kb_ext/labels.parquet",
        "data/evaluate/relclip_kb_ext/predcls/annotation.json",
        "data/evaluate/kb/predcls/annotation.json",
    )
    digests = again.digests("data/**/*.parquet", "data/**/*.json", "data/**/*.safetensors")
    different = [
        path
        for path in digests
        if digests[path] != house.built[path] and not path.endswith("statistics.json")
    ]
    assert len(digests) > 40
    assert not different


def test_a_tracking_server_that_is_away_does_not_stop_the_pipeline(house, monkeypatch):
    shutil.rmtree(house.folder / "data/evaluate/relclip_kb")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "snakemake",
            "--cores",
            "2",
            "data/evaluate/relclip_kb/predcls/annotation.json",
        ],
        cwd=house.folder,
        env={**os.environ, "PATH": house.path, "PYTHONPATH": str(house.folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    assert "MLflow did not take this" in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--config", "kb=1"), "refused"),
        ((), "did you mean 'iterations'"),
    ],
)
def test_a_mistake_is_one_sentence(house, arguments, words, monkeypatch):
    old = (house.folder / "params.yaml").read_text()
    if not arguments:
        monkeypatch.setenv("EDITOR", "sed -i s/iterations:/iterationz:/")
        house.readme("$EDITOR params.yaml")
    output = house.run("snakemake", "-n", *arguments, ok=False)
    (house.folder / "params.yaml").write_text(old)
    assert words in output
    assert "Traceback" not in output


def test_the_store_is_sqlite_and_migrated(house):
    with sqlite3.connect(house.folder / "mlflow.db") as store:
        assert store.execute("PRAGMA user_version").fetchone()[0] > 0


def test_metrics_are_a_line_a_run(house):
    lines = house.readme("dvc metrics show").splitlines()
    assert lines[0].split() == ["Path", "mean_recall_at_50", "recall_at_50"]
    assert len(lines) == 1 + len(list((house.folder / "reports/metrics").glob("*.json"))) > 10


def test_curves_are_drawn_and_a_store_takes_the_bytes(house, tmp_path):
    house.readme("dvc plots show")
    assert "recall_at_50" in (house.folder / "dvc_plots/index.html").read_text()
    house.readme("dvc remote add", **{"/some/folder": str(tmp_path)})
    house.readme("dvc push")
    assert any(path.is_file() for path in tmp_path.rglob("*"))
    house.run("git", "checkout", "--quiet", "--", ".dvc/config")
