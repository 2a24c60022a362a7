"""Early stopping ends where recall on validation has stopped rising, and leaves the best network."""

import csv
import json

import pytest
import torch
from tiny_dataset import inputs_in
from torch import nn

from relclip.core.params.train import Rcl, Train
from relclip.core.parquet import RELATIONS, read_table
from relclip.model import ImageSet, Regions, load_model
from relclip.train.fit import EarlyStopping
from relclip.train.stage import train_run
from relclip.train.validate import WATCHED, Validation


@pytest.mark.parametrize(
    ("recalls", "patience", "made", "best"),
    [
        ([0.1, 0.3, 0.2, 0.3, 0.9], 2, 4, 2),  # a tie is no rise
        ([0.1, 0.3, 0.2, 0.4, 0.3], 2, 5, 4),  # ends by itself
        ([0.5, 0.4], 1, 2, 1),
        ([0.0, 0.0], 5, 2, 1),
        ([], 1, 0, None),
    ],
)
def test_stops_after_patience_and_keeps_the_earliest_best(recalls, patience, made, best):
    layer = nn.Linear(1, 1, bias=False)
    stopping = EarlyStopping(patience, (layer,))
    steps = 0
    for recall in recalls:
        steps += 1
        layer.weight.data.fill_(float(steps))
        stopping.see(steps, {WATCHED: recall})
        if stopping.over:
            break
    statistics = stopping.take_best(steps)
    assert steps == made
    assert statistics.get("best_iteration") == best
    assert best is None or layer.weight.item() == best


def test_without_patience_nothing_is_kept():
    stopping = EarlyStopping(None, (nn.Linear(1, 1),))
    for step in range(9):
        stopping.see(step, {WATCHED: 0.0})
    assert not stopping.over
    assert stopping.take_best(9) == {}


def test_a_run_ends_early_with_the_network_that_it_validated_best(tiny, tmp_path):
    inputs = inputs_in(tiny)
    params = Train(
        iterations=400, images_per_batch=4, dimension=16, heads=2, roi_size=2, schedule="constant",
        learning_rate=0.01, warmup=0, validate_every=4, early_stopping=3, rcl=Rcl(level="none"),
    )  # fmt: skip
    train_run("one", params, inputs, tmp_path / "checkpoints", tmp_path / "out", threads=1)
    said = json.loads((tmp_path / "out" / "statistics.json").read_text())
    points = list(csv.DictReader((tmp_path / "out" / "curves.csv").read_text().splitlines()))
    recalls = [float(point[WATCHED]) for point in points if point[WATCHED]]
    assert said["iterations"] == int(points[-1]["step"]) == said["best_iteration"] + 3 * 4 < 400
    assert points[-1]["loss"]
    assert said[WATCHED] == pytest.approx(max(recalls), abs=1e-5)
    regions = Regions(ImageSet.load(inputs.dataset, inputs.features, "val"), 2, torch.device("cpu"))
    relations = read_table(inputs.dataset / "relations.parquet", RELATIONS)
    judged = Validation.of(regions, relations, params.validate_images)(load_model(tmp_path / "out"))
    assert judged[WATCHED] == pytest.approx(said[WATCHED])


def test_no_patience_below_one():
    with pytest.raises(ValueError, match="greater than or equal to 1"):
        Train(early_stopping=0)
