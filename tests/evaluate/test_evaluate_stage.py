"""The stage: what it writes for which task, what it leaves alone, and that its numbers are the public command's."""

import json
import sys
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from evaluate_reference import random_case, write_case

from relclip.core.errors import RelclipError
from relclip.core.params.evaluate import Evaluate
from relclip.core.params.tables import Claim
from relclip.core.parquet import ASKED, CONFUSION, read_table
from relclip.core.precision_at import precision_report
from relclip.evaluate import evaluate
from relclip.evaluate import run as command
from relclip.evaluate.claims import judge_claim
from relclip.evaluate.hits import first_hits_each
from relclip.evaluate.predcls import Confusion, oracle_sheet, sample_images, top_predictions
from relclip.evaluate.run import RunPaths, evaluate_run, read_provenance, tie_spread
from relclip.evaluate.views import load_views

TASKS = ["predcls", "sgcls", "sgdet"]
BOTH = TASKS[:2]
FEW = Evaluate(bootstrap=20)


@pytest.fixture
def paths(tmp_path):
    """A data set of three splits with its truth, and the same predictions for three tasks."""
    case = random_case(np.random.default_rng(9), images=24)
    split = {number: ("train", "val", "test")[place % 3] for place, number in enumerate(case)}
    dataset, found = write_case(tmp_path, case, split.get)
    for scene in case.values():
        scene["relations"] = [(s, p, o) for s in scene["objects"] for o in scene["objects"] for p in (1, 3)]
    write_case(tmp_path / "all", case, split.get)[0].rename(dataset / "truth")
    predictions = tmp_path / "predict" / "run"
    for task in TASKS:
        (predictions / task).mkdir(parents=True)
        for name in ("objects.parquet", "relations.parquet"):
            (predictions / task / name).write_bytes((found / name).read_bytes())
    (predictions / "provenance.json").write_text(json.dumps({"run": "run", "model_sha256": "0"}))
    return RunPaths(dataset, predictions, tmp_path / "evaluate" / "run")


def written(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def views(*names):
    return {"digests.json"} | {f"{name}{kind}" for name in names for kind in (".json", "_hits.parquet")}


def in_order(table):
    return table.sort_by([(name, "ascending") for name in table.column_names])


def metrics(folder, task, view):
    return json.loads((folder / task / f"{view}.json").read_text())


def test_a_folder_a_task_and_a_file_a_view(paths):
    evaluate_run(paths, TASKS, FEW, truth=True)
    of = {task: {path.name for path in (paths.output / task).iterdir()} for task in TASKS}
    assert of["predcls"] == views("annotation", "val", "truth") | {
        *("asked.parquet", "confusion.parquet", "precision.json")
    }
    assert of["sgcls"] == views("annotation", "val", "truth")
    assert of["sgdet"] == views("annotation", "truth")


def test_the_files_beside_the_metrics_of_predcls_are_of_the_view_they_name(paths):
    """What people are asked is of the annotation, what the oracle says of the truth, about the same few images."""
    switches = FEW.model_copy(update={"precision_images": 5, "seed": 3})
    evaluate_run(paths, ["predcls"], switches, truth=True)
    folder = paths.output / "predcls"
    truths = {one.name: one.groundtruth for one in load_views(paths.dataset, FEW, ["predcls"], truth=True)}
    images = sample_images(truths["annotation"], 5, 3)
    assert len(images) == 5
    made = {}
    for name in ("annotation", "truth"):
        made[name] = (
            Confusion(truths[name]),
            top_predictions(truths[name], images),
            oracle_sheet(truths[name], images, FEW.pixel_inclusive),
        )
        watch = [watcher.add for watcher in made[name]]
        first_hits_each(truths[name], paths.predictions / "predcls", "predcls", [switches], watch=watch)
    confusions = [confusion.table(name) for name, (confusion, *_) in made.items()]
    assert read_table(folder / "confusion.parquet", CONFUSION).equals(in_order(pa.concat_tables(confusions)))
    asked = made["annotation"][1].table()
    assert len(asked) and read_table(folder / "asked.parquet", ASKED).equals(in_order(asked))
    report = json.loads((folder / "precision.json").read_text())
    wanted = precision_report(made["truth"][2].table(), images, 20, 3)
    assert {name: report[name] for name in wanted} == wanted
    assert set(report["switches"]) == {
        "precision_images",
        "pixel_inclusive",
        "require_overlap",
        "split",
        "bootstrap",
        "seed",
    }


def test_without_truth_nothing_speaks_of_it(paths):
    numbers = evaluate_run(paths, ["predcls", "sgdet"], FEW, truth=False)
    assert not any(name.startswith("truth") for name in numbers)
    assert set(written(paths.output)) == {
        *(f"predcls/{name}" for name in views("annotation", "val") | {"asked.parquet", "confusion.parquet"}),
        *(f"sgdet/{name}" for name in views("annotation")),
    }
    judged = read_table(paths.output / "predcls" / "confusion.parquet", CONFUSION)["judged"]
    assert judged.unique().to_pylist() == ["annotation"]


def test_other_tasks_stay_and_the_own_folder_is_replaced(paths, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # as a project, whose `data` holds nothing of others
    paths = replace(paths, output=tmp_path / "data" / "evaluate")
    evaluate_run(paths, BOTH, FEW, truth=True)
    before = written(paths.output)
    (paths.output / "sgcls" / "old").write_text("left by an older version")
    evaluate_run(paths, ["sgcls", "sgdet"], FEW, truth=True)
    after = written(paths.output)
    assert {name: after[name] for name in before} == before
    assert {name.split("/")[0] for name in set(after) - set(before)} == {"sgdet"}


def test_a_task_that_fails_leaves_its_old_folder_and_no_half_of_a_new_one(paths):
    evaluate_run(paths, BOTH, FEW, truth=True)
    before = written(paths.output)
    (paths.predictions / "sgcls" / "relations.parquet").write_bytes(b"no Parquet")
    with pytest.raises(RelclipError, match="not readable as Parquet"):
        evaluate_run(paths, BOTH, FEW, truth=True)
    assert written(paths.output) == before
    assert sorted(path.name for path in paths.output.iterdir()) == BOTH


def test_numbers_are_those_of_the_public_command(paths):
    numbers = evaluate_run(paths, ["sgcls", "sgdet"], FEW, truth=True)
    for task in ("sgcls", "sgdet"):
        direct = evaluate(paths.dataset / "truth", paths.predictions / task, task, split="test").content
        recall = metrics(paths.output, task, "truth")["metrics"]["recall_at_20"]
        assert recall == direct["metrics"]["recall_at_20"] == numbers[f"truth.{task}.recall_at_20"] > 0
    assert not any("@" in name or value is None for name, value in numbers.items())


@pytest.mark.parametrize("required", [False, True])
def test_the_other_overlap_is_judged_where_boxes_are_apart(paths, required):
    switches = FEW.model_copy(update={"require_overlap": required})
    evaluate_run(paths, ["predcls"], switches, truth=False)
    turned = switches.model_copy(update={"require_overlap": not required})
    direct = evaluate(paths.dataset, paths.predictions / "predcls", "predcls", switches=turned, split="test")
    judged = metrics(paths.output, "predcls", "annotation")
    known = {
        name for name, value in direct.content["metrics"].items() if value is not None and "_at_" in name
    }
    other = {name: judged["other_overlap"][name] for name in known}
    assert other == {name: direct.content["metrics"][name] for name in other}
    assert judged["other_overlap"] != judged["metrics"]
    assert judged["counts"]["overlapping_only"] is False


def line(boxes, rows):
    """One image of each split: objects of class 1 side by side, every pair related, `rows` predicted."""
    objects = {key: (1, (x, 0.0, x + 10.0, 10.0)) for key, x in enumerate(boxes)}
    predicted = {key: (label, 1.0, box) for key, (label, box) in objects.items()}
    relations = [(s, 1, o) for s in objects for o in objects if s != o]
    scene = {"objects": objects, "relations": relations, "predicted": predicted, "rows": rows}
    return dict.fromkeys(range(3), scene)


def judged_line(tmp_path, boxes, rows):
    dataset, found = write_case(tmp_path, line(boxes, rows), ("train", "val", "test").__getitem__)
    found.rename(tmp_path / "predcls")
    evaluate_run(RunPaths(dataset, tmp_path, tmp_path / "out"), ["predcls"], FEW, truth=False)
    return metrics(tmp_path / "out", "predcls", "annotation")


def test_overlapping_predictions_are_judged_once_and_say_so(tmp_path):
    judged = judged_line(tmp_path, [0.0, 5.0, 40.0], [(0, 1, 1, 0.5)])
    assert judged["counts"]["overlapping_only"] is True
    assert "other_overlap" not in judged


@pytest.mark.parametrize(("overlapping", "short"), [(0, 1), (5, 1), (6, 0)])
def test_a_list_cut_short_of_overlapping_pairs_is_counted(tmp_path, overlapping, short):
    """Two of three boxes overlap: with three predicates, six rows are all there can be."""
    apart = [(0, 2, 1, 0.9), (2, 1, 1, 0.8)]
    shared = [(s, o, p, 0.1) for s, o in ((0, 1), (1, 0)) for p in (1, 2, 3)]
    judged = judged_line(tmp_path, [0.0, 5.0, 40.0], apart + shared[:overlapping])
    assert judged["counts"]["images_cut_short_of_overlapping"] == short


def test_ties_are_reported_with_their_spread(paths):
    evaluate_run(paths, ["predcls"], FEW, truth=False)
    judged = metrics(paths.output, "predcls", "annotation")
    low, high = judged["tie_spread"]["recall_at_20"]
    assert low <= judged["metrics"]["recall_at_20"] <= high


def test_every_task_has_zero_shot_recall_with_intervals_from_train(paths):
    evaluate_run(paths, TASKS, FEW, truth=False)
    tables = {
        name: pq.read_table(paths.dataset / f"{name}.parquet").to_pylist()
        for name in ("images", "objects", "relations")
    }
    label = {(row["image_id"], row["object_id"]): row["class_id"] for row in tables["objects"]}
    split = {row["image_id"]: row["split"] for row in tables["images"]}

    def triplet(row):
        image = row["image_id"]
        return label[image, row["subject_id"]], row["predicate_id"], label[image, row["object_id"]]

    train = {triplet(row) for row in tables["relations"] if split[row["image_id"]] == "train"}
    for task in TASKS:
        hits = pq.read_table(paths.output / task / "annotation_hits.parquet").to_pylist()
        assert [row["zero_shot"] for row in hits] == [triplet(row) not in train for row in hits]
        assert {row["zero_shot"] for row in hits} == {True, False}
        judged = metrics(paths.output, task, "annotation")
        low, high = judged["intervals"]["zero_shot_recall_at_50"]
        assert low <= judged["metrics"]["zero_shot_recall_at_50"] <= high


def test_same_input_gives_the_same_bytes(paths):
    runs = []
    for _ in range(2):
        evaluate_run(paths, BOTH, FEW, truth=True)
        runs.append(written(paths.output))
    assert runs[0] == runs[1]


def test_claims_read_the_task_they_name(paths):
    evaluate_run(paths, ["predcls", "sgdet"], FEW, truth=True)
    claim = Claim(claim="same", tasks=["predcls", "sgdet"], better="run", worse="run", pairs=[("run", "run")])
    for task in claim.tasks:
        judged = judge_claim(claim, task, paths.output.parent, 3, FEW)
        assert judged["task"] == task
        assert judged["differences"]["truth"]["recall_at_50"]["difference"] == 0
    with pytest.raises(RelclipError, match=r"sgcls/annotation_hits\.parquet does not exist"):
        judge_claim(claim, "sgcls", paths.output.parent, 3, FEW)


def test_provenance_is_the_tasks_own_or_the_runs(paths):
    assert read_provenance(paths.predictions, BOTH) == {"run": "run", "model_sha256": "0"}
    (paths.predictions / "sgdet" / "provenance.json").write_text('{"run": "run", "model_sha256": "1"}')
    assert read_provenance(paths.predictions, ["sgdet"])["model_sha256"] == "1"
    with pytest.raises(RelclipError, match="different models"):
        read_provenance(paths.predictions, ["sgcls", "sgdet"])
    (paths.predictions / "provenance.json").write_text("[]")
    with pytest.raises(RelclipError, match="run predict again"):
        read_provenance(paths.predictions, BOTH)


def test_command_judges_the_tasks_it_is_given(paths, tmp_path, monkeypatch):
    recorded = []
    params = SimpleNamespace(evaluate=FEW, dataset=SimpleNamespace(truth=True))
    monkeypatch.setattr(command, "load_sections", lambda path, sections: params)
    monkeypatch.setattr(command, "record_later", lambda tags, numbers: recorded.append((tags, numbers)))
    words = ["--run", "again", "--tasks", "sgdet", "--dataset", paths.dataset]
    words += ["--predictions", paths.predictions, "--output", tmp_path / "out"]
    monkeypatch.setattr(sys, "argv", ["relclip", *map(str, words)])
    command.main()
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["sgdet"]
    ((tags, numbers),) = recorded
    assert tags == {"run": "again", "model_sha256": "0"}
    assert {name.split(".")[-2] for name in numbers} == {"sgdet"}


def test_spread_leaves_out_what_is_undefined():
    assert tie_spread([{"a": 0.5, "b": None}, {"a": 0.25, "b": None}]) == {"a": [0.25, 0.5], "b": None}
