"""SGDet against one image at a time: classification, per-class NMS, pairs; bad proposals end in a sentence."""

import json
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from free_case import CLASSES as FREE_CLASSES
from free_case import pair_scores, save, write_free_case
from sgdet_case import ALL, CLASS_IOU, near, one_at_a_time, read, slow_nms, write_proposals
from tiny_dataset import CLASSES
from torchvision.ops import batched_nms
from untrained import untrained

from relclip.core.boxes import class_nms
from relclip.core.errors import ContractError
from relclip.core.params.predict import Predict
from relclip.core.parquet import EXT_SCORES
from relclip.core.vocabulary import load_vocabulary
from relclip.model import ImageSet
from relclip.predict import sgdet, training_free_sgdet
from relclip.predict.knowledge import load_counts
from relclip.predict.request import Inputs, Request
from relclip.predict.sgdet_stage import predict_sgdet
from relclip.predict.training_free import predict_training_free_sgdet

PARAMS = Path(__file__).resolve().parents[2] / "params.yaml"


@pytest.mark.parametrize(
    ("changed", "asked", "class_iou"),
    [
        ({"use_labels": "text"}, {"sgdet_score": "classifier"}, 0.5),
        ({"use_labels": "text"}, {}, 1.0),
        ({"motif": True}, {"sgdet_score": "classifier_times_detector"}, 0.5),
        ({"object_features": True}, {"pairs": "all"}, 0.5),
    ],
)
def test_batches_equal_one_image_at_a_time(tested, tmp_path, changed, asked, class_iou):
    proposals, without = write_proposals(tested)
    model = untrained(tmp_path / "model", **changed)
    request = Request("some", "some", Predict(keep=ALL, batch=3, **asked))
    predict_sgdet(
        request,
        Inputs(model, tested / "dataset", tested / "features"),
        proposals,
        tmp_path / "out",
        class_iou=class_iou,
    )
    labels, rows = read(tmp_path / "out")
    wanted, wanted_rows = one_at_a_time(tested, model, proposals, request, class_iou)
    assert labels == wanted
    assert rows == pytest.approx(wanted_rows, rel=1e-3, abs=1e-6)
    test = ImageSet.load(tested / "dataset", tested / "features", "test").image_ids.tolist()
    proposed = [row for row in pq.read_table(proposals).to_pylist() if row["image_id"] in test]
    assert (10 < len(labels) < len(proposed)) == (class_iou < 1)
    assert without in test
    assert {key[0] for key in labels} == set(test) - {without}


@pytest.mark.parametrize("count", [0, 1, 2, 60])
def test_class_nms_equals_torchvision_and_a_loop(count):
    for seed in range(20):
        random = np.random.default_rng(seed)
        low = random.uniform(0, 30, (count, 2))
        boxes = np.concatenate([low, low + random.uniform(5, 30, (count, 2))], axis=1).astype(np.float32)
        classes, scores = random.integers(1, 4, count), random.permutation(count).astype(np.float32) / 100
        stays = class_nms(boxes, classes, scores, 0.3)
        tensors = (torch.from_numpy(one) for one in (boxes, scores, classes))
        assert sorted(batched_nms(*tensors, 0.3).tolist()) == np.flatnonzero(stays).tolist()
        rows = [(n, boxes[n].tolist(), classes[n], scores[n]) for n in range(count)]
        assert sorted(slow_nms(rows, 0.3)) == np.flatnonzero(stays).tolist()


def test_of_equal_boxes_with_equal_scores_the_first_stays():
    box = np.float32([[0, 0, 9, 9]] * 3)
    assert class_nms(box, np.array([1, 1, 2]), np.float32([0.5, 0.5, 0.5]), 0.5).tolist() == [
        True,
        False,
        True,
    ]


def test_command_writes_the_contract_twice_the_same(tested, tmp_path, monkeypatch):
    proposals, _ = write_proposals(tested)
    model = untrained(tmp_path / "model")
    folders = [f"--{name}={tested / name}" for name in ("dataset", "features", "prompts", "kb")]
    words = ["--run=relclip_kb", f"--model={model}", *folders, f"--proposals={proposals}", "--threads=1"]
    written = []
    for _ in range(2):
        monkeypatch.setattr(
            sys, "argv", ["x", *words, f"--params={PARAMS}", f"--output={tmp_path / 'out' / 'sgdet'}"]
        )
        sgdet.main()
        written.append({path.name: path.read_bytes() for path in (tmp_path / "out" / "sgdet").iterdir()})
    assert written[0] == written[1]
    assert set(written[0]) == {"objects.parquet", "relations.parquet", "provenance.json", "digests.json"}
    assert json.loads(written[0]["provenance.json"])["trained_run"] == "relclip_kb"


def changed_proposals(root, name):
    proposals, _ = write_proposals(root)
    table = pq.read_table(proposals)
    column = {
        "vocabulary": ("class_id", pa.array([len(CLASSES) + 1] * len(table), pa.int16())),
        "twice": ("object_id", pa.array([0] * len(table), pa.int32())),
        "other images": ("image_id", pa.array(np.arange(len(table)) + 10**6)),
        "empty box": ("x2", table["x1"]),
        "score": ("score", pa.array([np.nan] * len(table), pa.float32())),
    }[name]
    pq.write_table(table.set_column(table.column_names.index(column[0]), *column), proposals)
    return proposals


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("vocabulary", "has 6 as class_id; ids are 1 to 5"),
        ("twice", "twice"),
        ("other images", "1000000 as image_id"),
        ("empty box", "expected x1 < x2"),
        ("score", "nan as a score"),
    ],
)
def test_proposals_that_do_not_fit_are_refused(tested, tmp_path, name, sentence):
    proposals = changed_proposals(tested, name)
    inputs = Inputs(untrained(tmp_path / "model"), tested / "dataset", tested / "features")
    with pytest.raises(ContractError, match=sentence):
        predict_sgdet(Request("x", "x", Predict()), inputs, proposals, tmp_path / "out", class_iou=CLASS_IOU)
    assert not (tmp_path / "out").exists()


def write_free_sgdet(root):
    """A small data set whose proposals have CLIP's logits: {(image, subject, object, predicate): logit}."""
    write_free_case(root, seed=4)
    proposals, _ = write_proposals(root, range(FREE_CLASSES))
    random, logits = np.random.default_rng(8), {}
    boxes = {}
    for row in pq.read_table(proposals).to_pylist():
        boxes[row["image_id"], row["object_id"]] = [row[name] for name in ("x1", "y1", "x2", "y2")]
    for a, b in [(a, b) for a in boxes for b in boxes if a[0] == b[0] and a != b]:
        if near(boxes[a], boxes[b]) > 0:
            logits |= {(a[0], a[1], b[1], p): float(np.float32(random.normal() * 3)) for p in range(1, 6)}
    save(root / "ext" / "scores.parquet", [(*key, score) for key, score in logits.items()], EXT_SCORES)
    return proposals, logits


def test_no_image_and_no_proposal_give_empty_files(tiny, tested, tmp_path):
    proposals, _ = write_proposals(tested)
    empty = tmp_path / "empty.parquet"
    pq.write_table(pq.read_table(proposals).slice(0, 0), empty)
    for name, root, file in (("no image", tiny, proposals), ("no proposal", tested, empty)):
        inputs = Inputs(untrained(tmp_path / "model"), root / "dataset", root / "features")
        predict_sgdet(Request("x", "x", Predict()), inputs, file, tmp_path / name, class_iou=CLASS_IOU)
        assert read(tmp_path / name) == ({}, {})


@pytest.mark.parametrize("method", ["ext", "kb", "kb_ext", "kb_counts"])
def test_rows_without_training_equal_plain_loops(tmp_path, method):
    proposals, logits = write_free_sgdet(tmp_path)
    folders = {name: tmp_path / name for name in ("dataset", "kb", "ext")}
    predict_training_free_sgdet(
        method, **folders, proposals=proposals, output=tmp_path / "out", keep=ALL, most=CLASS_IOU
    )
    images = pq.read_table(tmp_path / "dataset" / "images.parquet").to_pylist()
    table = load_counts(tmp_path / "kb", load_vocabulary(tmp_path / "dataset" / "vocabulary.json"))
    counts = {(s, p + 1, o): int(table[s, o, p]) for s, o, p in zip(*table.nonzero(), strict=True)}
    wanted, wanted_rows = {}, {}
    for image in [row["image_id"] for row in images if row["split"] == "test"]:
        found = [row for row in pq.read_table(proposals).to_pylist() if row["image_id"] == image]
        boxes = {row["object_id"]: tuple(row[name] for name in ("x1", "y1", "x2", "y2")) for row in found}
        named = [(row["object_id"], boxes[row["object_id"]], row["class_id"], row["score"]) for row in found]
        kept = slow_nms(named, CLASS_IOU)
        wanted |= {(image, key): (class_, score, box) for key, box, class_, score in named if key in kept}
        for i, j in [(i, j) for i in kept for j in kept if i != j and near(boxes[i], boxes[j]) > 0]:
            classes = wanted[image, i][0], wanted[image, j][0]
            clip = {p: logits[image, i, j, p] for p in range(1, 6)}
            scores = pair_scores(counts, method, *classes, clip)
            wanted_rows |= {(image, i, j, predicate): score for predicate, score in scores.items()}
    labels, rows = read(tmp_path / "out")
    assert labels == wanted
    assert rows == pytest.approx(wanted_rows, rel=1e-5, abs=1e-7)
    assert len(rows) > 20
    assert json.loads((tmp_path / "out" / "provenance.json").read_text()) == {
        "run": method,
        "model_sha256": "none",
    }


def test_what_the_training_free_command_writes_fits_the_evaluator(tmp_path, monkeypatch):
    from relclip.core.params.evaluate import Evaluate
    from relclip.evaluate import evaluate

    proposals, _ = write_free_sgdet(tmp_path)
    where = [f"--{name}={tmp_path / name}" for name in ("dataset", "kb", "ext")]
    words = ["--method=kb_ext", *where, f"--proposals={proposals}", f"--output={tmp_path / 'out'}"]
    monkeypatch.setattr(sys, "argv", ["x", f"--params={PARAMS}", *words])
    training_free_sgdet.main()
    metrics = evaluate(
        tmp_path / "dataset", tmp_path / "out", "sgdet", switches=Evaluate(bootstrap=0)
    ).content["metrics"]
    assert 0 <= metrics["recall_at_100"] <= 1
