"""What a request may ask for: all pairs, an entry of `predictions`, to be predicted again."""

import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from run_case import ALL, CPU, by_key, predict, read, request

from relclip.core import command
from relclip.core.boxes import apart_pairs
from relclip.core.errors import ParamsError
from relclip.core.params.whole import check_params
from relclip.model import ImageSet, Regions, collate, load_model
from relclip.predict.request import Request, add_inputs, read_inputs

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("changed", [{"use_labels": "text"}, {"motif": True}])
def test_all_pairs_leave_the_overlapping_ones_as_they_were(tiny, tmp_path, changed):
    asked = {"keep": ALL, "batch": 4}
    some = predict(tiny, tmp_path / "some", request(**asked), **changed)
    all_ = predict(tiny, tmp_path / "all", request(pairs="all", **asked), **changed)
    for task in ("predcls", "sgcls"):
        few, (objects, relations) = read(some / task), read(all_ / task)
        assert few[0].equals(objects)
        ids = {}
        for row in objects.to_pylist():
            ids.setdefault(row["image_id"], []).append(row["object_id"])
        found, before = by_key(relations), by_key(few[1])
        every = {(image, i, j) for image, some in ids.items() for i in some for j in some if i != j}
        assert {key[:3] for key in found} == every
        assert 0 < len(before) < len(found)
        assert {key: found[key] for key in before} == before
        assert relations.sort_by([(name, "ascending") for name in relations.column_names]).equals(relations)


def test_one_image_apart_equals_its_pairs_alone(tiny, tmp_path):
    """The second pass sees the pairs that do not overlap and nothing else."""
    output = predict(tiny, tmp_path, request(keep=ALL, pairs="all"))
    network = load_model(tmp_path / "model", CPU)
    images = ImageSet.load(tiny / "dataset", tiny / "features", "val")
    apart = images.with_pairs(apart_pairs(images.boxes[rows]) for rows in images.object_rows())
    number = int(np.diff(apart.pair_start).argmax())
    with torch.no_grad():
        logits = network(collate(Regions(apart, network.config.roi_size, CPU), [number])).predicate_logits
    found = by_key(read(output / "predcls")[1])
    ids, image = images.object_ids[images.objects_of(number)].tolist(), int(images.image_ids[number])
    for (i, j), chances in zip(apart.pairs[apart.pairs_of(number)], logits.softmax(1).tolist(), strict=True):
        assert [found[image, ids[i], ids[j], p] for p in range(1, 5)] == pytest.approx(chances[1:], rel=1e-4)


def test_a_request_is_read_from_the_params():
    content = yaml.safe_load((ROOT / "params.yaml").read_text())
    content["runs"]["bce"] = {"loss": "bce", "rank_by": "sigmoid"}
    content["predict"] |= {"kb_mask": False, "pairs": "overlapping"}
    content["predictions"] |= {
        "again": {"run": "bce", "pairs": "all", "kb_mask": True},
        "ranked": {"run": "bce", "rank_by": "logit"},
    }
    params = check_params(content)
    found = {name: Request.of(params, name) for name in ("bce", "again", "ranked")}
    assert {one.trained_run for one in found.values()} == {"bce"}
    assert [one.rank_by for one in found.values()] == ["sigmoid", "sigmoid", "logit"]
    assert [one.params.pairs for one in found.values()] == ["overlapping", "all", "overlapping"]
    assert [one.params.kb_mask for one in found.values()] == [False, True, False]
    with pytest.raises(ParamsError, match="did you mean 'again'"):
        Request.of(params, "agan")


def test_predicting_again_leaves_sgdet_and_drops_an_old_calibration(tiny, tmp_path):
    (tmp_path / "out" / "sgdet").mkdir(parents=True)
    for name in ("sgdet/objects.parquet", "calibration.json"):
        (tmp_path / "out" / name).write_text("old")
    output = predict(tiny, tmp_path, request())
    assert sorted(path.name for path in output.iterdir()) == ["predcls", "provenance.json", "sgcls", "sgdet"]
    assert (output / "sgdet" / "objects.parquet").read_text() == "old"


def test_the_usual_places_are_the_runs(monkeypatch):
    """`--encoder` names a folder and is not the run's encoder, whose maps are read."""
    parser = command.parser("relclip.predict", "test")
    add_inputs(parser, "predict/<run>")
    monkeypatch.setattr(sys, "argv", ["relclip.predict", "--run", "labels", "masked"])
    given, masked = command.parse_runs(parser)
    content = yaml.safe_load((ROOT / "params.yaml").read_text())
    content["runs"]["labels"] = {"features": "labels"}
    content["predictions"]["masked"] = {"run": "relclip_kb", "kb_mask": True}
    params = check_params(content)
    found = read_inputs(given, Request.of(params, "labels"), params)
    places = [found.model, found.features, found.encoder, given.output]
    assert list(map(str, places)) == [
        "data/train/labels",
        "data/features/labels",
        "data/clip/model",
        "data/predict/labels",
    ]
    found = read_inputs(masked, Request.of(params, "masked"), params)
    assert list(map(str, (found.model, masked.output))) == ["data/train/relclip_kb", "data/predict/masked"]
