"""Temperatures against a brute-force grid; what calibration changes, what it may not change and what it may not see."""

import json

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
import torch
from untrained import untrained

from relclip.core.errors import ContractError
from relclip.core.params.predict import Predict
from relclip.model import ImageSet, Regions, collate, load_model
from relclip.predict.calibration import BINS, annotated, calibration_error, fit_temperature, likelihood
from relclip.predict.request import Inputs, Request
from relclip.predict.stage import predict_run

CPU = torch.device("cpu")


def some_logits(seed):
    """Logits that are three times too sure; every row has one target, some have two."""
    random = torch.Generator().manual_seed(seed)
    true = torch.randn(400, 6, generator=random)
    targets = torch.zeros(400, 6, dtype=torch.bool)
    targets[torch.arange(400), torch.multinomial(true.softmax(1), 1, generator=random)[:, 0]] = True
    targets[::50, 2] = True
    return true * 3, targets


def slow_likelihood(logits, targets, apart):
    total = []
    for row, wanted in zip(logits.tolist(), targets.tolist(), strict=True):
        for place, value in enumerate(row):
            if apart:
                chance = 1 / (1 + np.exp(-value))
                total.append(-np.log(chance if wanted[place] else 1 - chance))
            elif wanted[place]:
                total.append(-np.log(np.exp(value) / np.exp(row).sum()))
    return np.mean(total)


@pytest.mark.parametrize("apart", [False, True])
def test_temperature_is_the_best_of_a_fine_grid(apart):
    logits, targets = some_logits(1)
    temperature, about = fit_temperature(logits, targets, apart)
    grid = np.geomspace(0.5, 12, 400)
    values = [slow_likelihood((logits / one)[:60], targets[:60], apart) for one in grid[::40]]
    fast = [
        float(likelihood((logits / one)[:60].double(), targets[:60].double(), apart)) for one in grid[::40]
    ]
    assert fast == pytest.approx(values, rel=1e-6)
    of_grid = [float(likelihood(logits.double() / one, targets.double(), apart)) for one in grid]
    assert temperature == pytest.approx(grid[int(np.argmin(of_grid))], rel=0.01)
    assert about["nll_after"] <= min(of_grid) + 1e-9
    assert about["nll_after"] < about["nll_before"]
    if not apart:
        assert temperature == pytest.approx(3, rel=0.15)
        assert about["calibration_error_after"] < about["calibration_error_before"] / 2


def test_calibration_error_equals_a_loop_over_bins():
    logits, targets = some_logits(2)
    logits[:5] *= 1000  # a chance of 1 is of the last bin
    logits[200:] /= 20  # not sure enough
    rows = []
    for chances, wanted in zip(logits.double().softmax(1).tolist(), targets.tolist(), strict=True):
        best = int(np.argmax(chances))
        rows.append((chances[best], wanted[best]))
    gap = 0.0
    for number in range(BINS):
        inside = [row for row in rows if number == min(int(row[0] * BINS), BINS - 1)]
        if inside:
            confidence, accuracy = np.mean(inside, axis=0)
            gap += len(inside) / len(rows) * abs(accuracy - confidence)
    found = calibration_error(logits.double(), targets.double(), False)
    assert float(found) == pytest.approx(gap, rel=1e-9)


def test_perfect_and_useless_logits_end_at_the_bounds():
    sure = torch.eye(3)
    assert fit_temperature(sure, sure > 0, False)[0] == pytest.approx(0.01, rel=1e-3)
    assert fit_temperature(-sure, sure > 0, False)[0] == pytest.approx(100, rel=1e-3)


def run(tested, root, rank_by="softmax", calibrate=True):
    inputs = Inputs(untrained(root / "model", use_labels="text"), tested / "dataset", tested / "features")
    request = Request("some", "some", Predict(keep=10**6, calibrate=calibrate, batch=3), rank_by)
    predict_run(request, inputs, root / "out")
    return root / "out", inputs


@pytest.mark.parametrize("rank_by", ["softmax", "sigmoid"])
def test_scores_are_those_of_divided_logits_and_no_best_one_changes(tested, tmp_path, rank_by):
    output, inputs = run(tested, tmp_path / "calibrated", rank_by)
    before, _ = run(tested, tmp_path / "raw", rank_by, calibrate=False)
    said = json.loads((output / "calibration.json").read_text())
    assert set(said) == {
        "predicate_temperature", "predicate_nll_before", "predicate_nll_after",
        "predicate_calibration_error_before", "predicate_calibration_error_after",
        "object_temperature", "object_nll_before", "object_nll_after",
        "object_calibration_error_before", "object_calibration_error_after",
    }  # fmt: skip
    assert json.loads((output / "provenance.json").read_text())["calibrate"] is True
    for kind in ("predicate", "object"):
        assert said[f"{kind}_temperature"] > 1.05
        assert said[f"{kind}_nll_after"] < said[f"{kind}_nll_before"]
    network, images = (
        load_model(inputs.model, CPU),
        ImageSet.load(inputs.dataset, inputs.features, "val", "test"),
    )
    val = ImageSet.load(inputs.dataset, inputs.features, "val")
    with torch.no_grad():
        answer, of_val = (
            network(collate(Regions(one, network.config.roi_size, CPU), range(len(one))))
            for one in (images, val)
        )
    targets, apart = annotated(val, inputs, 4), rank_by == "sigmoid"
    told = targets.any(dim=1)
    pairs = [one[told][:, 1:] if apart else one[told] for one in (of_val.predicate_logits, targets)]
    classes = torch.eye(of_val.object_logits.shape[1], dtype=torch.bool)[val.class_ids]
    for kind, fitted in (("predicate", (*pairs, apart)), ("object", (of_val.object_logits, classes, False))):
        temperature, about = fit_temperature(*fitted)
        expected = {"temperature": temperature, **about}
        assert {name: said[f"{kind}_{name}"] for name in expected} == pytest.approx(expected, rel=1e-3)
    logits = answer.predicate_logits / said["predicate_temperature"]
    scores = logits.softmax(1) if rank_by == "softmax" else logits.sigmoid()
    found = pq.read_table(output / "predcls" / "relations.parquet")["score"].to_numpy()
    np.testing.assert_allclose(found, scores[:, 1:].flatten(), rtol=1e-4)
    chances = (answer.object_logits / said["object_temperature"]).softmax(1)[:, 1:].max(1).values
    objects, old = (pq.read_table(one / "sgcls" / "objects.parquet") for one in (output, before))
    np.testing.assert_allclose(objects["score"].to_numpy(), chances, rtol=1e-4)
    assert objects["class_id"].equals(old["class_id"])
    best = [
        pq.read_table(one / "predcls" / "relations.parquet")["score"].to_numpy().reshape(-1, 4).argmax(1)
        for one in (output, before)
    ]
    assert (best[0] == best[1]).all()


def test_targets_are_the_annotated_overlapping_pairs(tested):
    inputs = Inputs(tested, tested / "dataset", tested / "features")
    images = ImageSet.load(inputs.dataset, inputs.features, "val")
    wanted = {tuple(row.values()) for row in pq.read_table(inputs.dataset / "relations.parquet").to_pylist()}
    found, targets = set(), annotated(images, inputs, 4)
    for number in range(len(images)):
        ids = images.object_ids[images.objects_of(number)].tolist()
        for row in range(*images.pair_start[number : number + 2]):
            i, j = images.pairs[row]
            here = {(int(images.image_ids[number]), ids[i], p, ids[j]) for p in range(5) if targets[row, p]}
            found |= here
    assert found == {row for row in wanted if row[0] in images.image_ids}
    assert len(found) > 10


def test_test_is_never_looked_at(tested, tmp_path):
    one, _ = run(tested, tmp_path / "one")
    copy = tmp_path / "copy"
    (copy / "dataset").mkdir(parents=True)
    for path in (tested / "dataset").iterdir():
        (copy / "dataset" / path.name).write_bytes(path.read_bytes())
    (copy / "features").symlink_to(tested / "features")
    images = pq.read_table(copy / "dataset" / "images.parquet")
    asked = images.filter(pc.field("split") == "test")["image_id"].combine_chunks()
    for name, column in (("relations", "predicate_id"), ("objects", "class_id")):
        table = pq.read_table(copy / "dataset" / f"{name}.parquet")
        ones = pc.if_else(pc.is_in(table["image_id"], asked), pc.cast(1, "int16"), table[column])
        table = table.set_column(table.column_names.index(column), column, ones)
        pq.write_table(table, copy / "dataset" / f"{name}.parquet")
    other, _ = run(copy, tmp_path / "other")
    assert (one / "calibration.json").read_bytes() == (other / "calibration.json").read_bytes()


def test_nothing_annotated_in_val_ends_in_a_sentence(tested, tmp_path):
    dataset = tmp_path / "dataset"
    dataset.mkdir()
    for path in (tested / "dataset").iterdir():
        (dataset / path.name).write_bytes(path.read_bytes())
    table = pq.read_table(dataset / "relations.parquet")
    pq.write_table(table.slice(0, 0), dataset / "relations.parquet")
    (tmp_path / "features").symlink_to(tested / "features")
    with pytest.raises(ContractError, match=r"predict\.calibrate"):
        run(tmp_path, tmp_path)
