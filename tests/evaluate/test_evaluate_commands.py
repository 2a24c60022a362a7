"""The commands: their defaults, their files, and the stage that judges one run in all ways."""

import json
import sys

import numpy as np
import pyarrow.parquet as pq
import pytest
from evaluate_reference import random_case, reference_metrics, write_case, write_triplets

from relclip.core.params import Evaluate
from relclip.evaluate import __main__ as public
from relclip.evaluate import compare, evaluate
from relclip.evaluate.stage import evaluate_run, read_provenance, tie_spread


def call(monkeypatch, module, *words):
    monkeypatch.setattr(sys, "argv", ["relclip", *map(str, words)])
    module.main()


@pytest.fixture
def case(tmp_path):
    return write_case(tmp_path, random_case(np.random.default_rng(8)))


def test_public_command_without_switches_takes_the_defaults(tmp_path, monkeypatch, case):
    where = [
        "--groundtruth",
        case[0],
        "--predictions",
        case[1],
        "--task",
        "sgdet",
        "--output",
        tmp_path / "m.json",
    ]
    call(monkeypatch, public, *where)
    found = json.loads((tmp_path / "m.json").read_text())
    assert found == json.loads(json.dumps(evaluate(*case, "sgdet").content))
    assert found["switches"] == {**Evaluate().model_dump(), "split": None, "task": "sgdet"}
    assert set(found) == {"metrics", "intervals", "per_predicate", "switches", "counts"}


def test_public_command_passes_every_switch(tmp_path, monkeypatch, case):
    write_triplets(tmp_path / "seen.parquet", [(1, 1, 1)])
    switches = [
        "--dedup",
        "false",
        "--empty-predictions",
        "skip",
        "--pixel-inclusive",
        "false",
        "--recall",
        "pooled",
    ]
    switches += ["--require-overlap", "true", "--split", "test", "--bootstrap", 10, "--seed", 3]
    files = ["--train-triplets", tmp_path / "seen.parquet", "--hits", tmp_path / "hits.parquet"]
    where = [
        "--groundtruth",
        case[0],
        "--predictions",
        case[1],
        "--task",
        "sgcls",
        "--output",
        tmp_path / "m.json",
    ]
    call(monkeypatch, public, *where, *switches, *files)
    found = json.loads((tmp_path / "m.json").read_text())
    expected = Evaluate(
        dedup=False, empty_predictions="skip", pixel_inclusive=False, recall="pooled", require_overlap=True,
        split="test", bootstrap=10, seed=3,
    )  # fmt: skip
    assert found["switches"] == {**expected.model_dump(), "task": "sgcls"}
    assert found["metrics"]["zero_shot_recall_at_100"] is not None
    hits = pq.read_table(tmp_path / "hits.parquet")
    assert hits.num_rows <= found["counts"]["groundtruth"]
    call(monkeypatch, compare, "--better", tmp_path / "hits.parquet", "--worse", tmp_path / "hits.parquet",
         "--output", tmp_path / "d.json")  # fmt: skip
    assert json.loads((tmp_path / "d.json").read_text())["metrics"]["recall_at_50"]["difference"] == 0


@pytest.fixture
def run(tmp_path):
    """A data set of three splits with its truth, and predictions for two tasks."""
    case = random_case(np.random.default_rng(9), images=24)
    split = {number: ("train", "val", "test")[place % 3] for place, number in enumerate(case)}
    dataset, found = write_case(tmp_path, case, split.get)
    for scene in case.values():
        scene["relations"] = [(s, p, o) for s in scene["objects"] for o in scene["objects"] for p in (1, 3)]
    write_case(tmp_path / "all", case, split.get)[0].rename(dataset / "truth")
    predictions = tmp_path / "predict" / "run"
    for task in ("predcls", "sgcls"):
        (predictions / task).mkdir(parents=True)
        for name in ("objects.parquet", "relations.parquet"):
            (predictions / task / name).write_bytes((found / name).read_bytes())
    (predictions / "provenance.json").write_text(json.dumps({"run": "run", "model_sha256": "0"}))
    return dataset, predictions, tmp_path / "evaluate" / "run"


def test_stage_judges_test_val_and_truth(run):
    dataset, predictions, output = run
    numbers = evaluate_run(dataset, predictions, output, Evaluate(bootstrap=20), truth=True)
    files = {str(path.relative_to(output)) for path in output.rglob("*") if path.is_file()}
    names = {"predcls.json", "sgcls.json", "predcls_hits.parquet", "sgcls_hits.parquet"}
    assert files == {f"{place}{name}" for place in ("", "val/", "truth/") for name in names}
    direct = evaluate(dataset / "truth", predictions / "sgcls", "sgcls", split="test").content
    written = json.loads((output / "truth" / "sgcls.json").read_text())
    assert (
        written["metrics"]["recall_at_20"]
        == direct["metrics"]["recall_at_20"]
        == numbers["truth.sgcls.recall_at_20"]
    )
    apart = evaluate(
        dataset, predictions / "predcls", "predcls", switches=Evaluate(require_overlap=True), split="test"
    )
    judged = json.loads((output / "predcls.json").read_text())
    assert judged["other_overlap"]["ng_recall_at_50"] == apart.content["metrics"]["ng_recall_at_50"]
    low, high = judged["tie_spread"]["recall_at_20"]
    assert low <= judged["metrics"]["recall_at_20"] <= high
    assert not any("@" in name or value is None for name, value in numbers.items())


def test_stage_takes_zero_shot_from_train(run):
    dataset, predictions, output = run
    evaluate_run(dataset, predictions, output, Evaluate(bootstrap=0), truth=False)
    assert not (output / "truth").exists()
    tables = {
        name: pq.read_table(dataset / f"{name}.parquet").to_pylist()
        for name in ("images", "objects", "relations")
    }
    label = {(row["image_id"], row["object_id"]): row["class_id"] for row in tables["objects"]}
    split = {row["image_id"]: row["split"] for row in tables["images"]}

    def triplet(row):
        image = row["image_id"]
        return label[image, row["subject_id"]], row["predicate_id"], label[image, row["object_id"]]

    train = {triplet(row) for row in tables["relations"] if split[row["image_id"]] == "train"}
    hits = pq.read_table(output / "predcls_hits.parquet").to_pylist()
    assert [row["zero_shot"] for row in hits] == [triplet(row) not in train for row in hits]
    assert {row["zero_shot"] for row in hits} == {True, False}


def test_same_input_gives_the_same_bytes(run):
    dataset, predictions, output = run
    written = []
    for _ in range(2):
        evaluate_run(dataset, predictions, output, Evaluate(bootstrap=20), truth=True)
        written.append({path.name: path.read_bytes() for path in sorted(output.rglob("*")) if path.is_file()})
    assert written[0] == written[1]


def test_provenance_must_name_the_model(run):
    assert read_provenance(run[1]) == {"run": "run", "model_sha256": "0"}
    (run[1] / "provenance.json").write_text("[]")
    with pytest.raises(Exception, match="run predict again"):
        read_provenance(run[1])


def test_spread_leaves_out_what_is_undefined():
    assert tie_spread([{"a": 0.5, "b": None}, {"a": 0.25, "b": None}]) == {"a": [0.25, 0.5], "b": None}


def test_reference_is_not_trivial():
    """The random cases hit and miss: a reference of zeros would test nothing."""
    case = random_case(np.random.default_rng(8), images=30)
    values = reference_metrics(case, "sgdet", Evaluate(), seen=set())
    assert all(0.05 < value < 0.95 for value in values.values())
