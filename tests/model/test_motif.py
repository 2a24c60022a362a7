"""Motif: packed equals image by image, reading order, no leak of given labels, frequency bias, adjustment, files."""

import numpy as np
import pytest
import torch

from relclip.core.errors import ContractError
from relclip.model import (
    ImageSet,
    Motif,
    MotifConfig,
    Regions,
    collate,
    load_model,
    predicate_scores,
    save_model,
)
from relclip.model.motif import CENTRE_X, Context, Reading

CPU = torch.device("cpu")
CONFIG = {
    "object_classes": 5,
    "predicates": 4,
    "channels": 12,
    "text_dimension": 16,
    "dimension": 8,
    "roi_size": 2,
    "dropout": 0.5,
}


def build(**options):
    torch.manual_seed(0)
    model = Motif(MotifConfig(**CONFIG, **options)).eval()
    model.label_text.normal_()
    model.frequency_bias.data.normal_()
    model.set_channels(torch.full((12,), 0.1), torch.full((12,), 2.0))
    return model


@pytest.mark.parametrize("labels", ["given", "predicted"])
@torch.no_grad()
def test_packed_equals_image_by_image(regions, labels):
    model, numbers = build(), [4, 1, 9, 2]
    together = model(collate(regions, numbers), labels)
    apart = [model(collate(regions, [number]), labels) for number in numbers]
    for name in ("object_logits", "predicate_logits", "objects", "relations"):
        torch.testing.assert_close(getattr(together, name), torch.cat([getattr(one, name) for one in apart]))


@torch.no_grad()
def test_objects_are_read_by_centre_x():
    """Three images, one of them empty: torch's LSTM on each image's sorted rows; equal centres as they stand."""
    torch.manual_seed(1)
    counts, centre = [3, 0, 4], torch.tensor([0.9, 0.2, 0.5, 0.3, 0.7, 0.3, 0.1])
    orders = [[1, 2, 0], [6, 3, 5, 4]]
    rows, context = torch.randn(7, 5), Context(5, 6)
    here = context(rows, Reading.by_centre(centre, counts))
    for order in orders:
        torch.testing.assert_close(here[order], context.lstm(rows[order][:, None])[0][:, 0])
    # on a GPU the answer would be float16, which cannot join bfloat16
    with torch.autocast("cpu", torch.bfloat16):
        again = context(rows.bfloat16(), Reading.by_centre(centre, counts))
    assert again.dtype == torch.float32
    torch.testing.assert_close(again, context(rows.bfloat16().float(), Reading.by_centre(centre, counts)))


@torch.no_grad()
def test_given_labels_never_reach_the_objects(regions):
    """SGCls judges the object logits, which the object loss trains while labels are given."""
    model, batch = build(), collate(regions, [3, 5])
    other = type(batch)(**{**vars(batch), "classes": batch.classes % 5 + 1})
    first, second = model(batch), model(other)
    assert torch.equal(first.object_logits, second.object_logits)
    assert torch.equal(first.objects, second.objects)
    assert torch.equal(model(batch, "predicted").predicate_logits, model(other, "predicted").predicate_logits)


@torch.no_grad()
def test_the_edge_context_reads_given_labels_from_left_to_right(regions, monkeypatch):
    model, batch, orders = build(), collate(regions, [3, 5]), []
    model.frequency_bias.zero_()  # which reads the labels too
    other = type(batch)(**{**vars(batch), "classes": batch.classes % 5 + 1})
    assert not torch.allclose(model(batch).predicate_logits, model(other).predicate_logits)
    by_centre = Reading.by_centre
    monkeypatch.setattr(
        Reading, "by_centre", lambda centre, counts: orders.append(centre) or by_centre(centre, counts)
    )
    model(batch)
    left, _, right, _ = batch.object_geometry[:, :4].T
    torch.testing.assert_close(orders, [(left + right) / 2])


@torch.no_grad()
def test_a_relation_is_subject_half_times_object_half_times_union(regions):
    """Of predicted labels the edge context reads the expectation: the embeddings by the chances of their classes."""
    model, batch = build(), collate(regions, [3])
    out = model(batch, "predicted")
    raised = out.object_logits[:, 1:].exp()
    text = (raised / raised.sum(dim=1, keepdim=True)) @ model.label_text[1:]
    reading = Reading.by_centre(batch.object_geometry[:, CENTRE_X], batch.object_counts)
    halves = model.halves(model.edge_context(torch.cat([out.objects, text], dim=1), reading))
    pooled = ((batch.union_regions.float().reshape(-1, 4, 12) - 0.1) / 2).flatten(1)[batch.pair_union]
    unions = torch.relu(model.union_region(pooled) + model.pair_position(batch.pair_geometry))
    for row, (i, j) in enumerate(zip(batch.subjects, batch.objects, strict=True)):
        torch.testing.assert_close(out.relations[row], halves[i, :8] * halves[j, 8:] * unions[row])


@torch.no_grad()
def test_frequency_bias_of_given_and_of_predicted_labels(regions):
    model, batch = build(), collate(regions, [3])
    plain = build()
    plain.frequency_bias.zero_()
    for labels in ("given", "predicted"):
        out = model(batch, labels)
        classes = batch.classes if labels == "given" else out.object_logits[:, 1:].argmax(1) + 1
        for row, (subject, object_) in enumerate(zip(batch.subjects, batch.objects, strict=True)):
            bias = out.predicate_logits[row] - plain(batch, labels).predicate_logits[row]
            torch.testing.assert_close(
                bias, model.frequency_bias[classes[subject], classes[object_]], atol=1e-4, rtol=1e-3
            )


@torch.no_grad()
def test_adjustment_is_c_z(regions):
    model, batch = build(), collate(regions, [3])
    matrix = torch.rand(5, 5)
    logits, adjusted = model(batch).predicate_logits, model.adjusted_by(matrix)
    expected = [[float(row @ z) for row in matrix] for z in logits]
    torch.testing.assert_close(adjusted(batch).predicate_logits, torch.tensor(expected))
    assert torch.equal(adjusted(batch).object_logits, model(batch).object_logits)
    torch.testing.assert_close(
        model.adjusted_by(torch.eye(5))(batch).predicate_logits, logits, atol=1e-5, rtol=1e-5
    )
    assert not model.config.adjusted


def test_the_predicate_head_alone(regions):
    """BA-SGG's second stage: whatever else the logits depend on has no share in these parameters."""
    model, batch = build(), collate(regions, [3])
    head = {id(weight) for weight in model.predicate_head_parameters()}
    for weight in model.parameters():
        weight.requires_grad_(id(weight) in head)
    model(batch).predicate_logits.sum().backward()
    moved = {name for name, weight in model.named_parameters() if weight.grad is not None}
    assert moved == {"predicate_classifier.weight", "predicate_classifier.bias", "frequency_bias"}


def test_empty_and_single():
    boxes = np.array([[0, 0, 9, 9], [0, 0, 9, 9], [20, 20, 30, 30]], np.float32)
    zeros = np.zeros(3, np.int64)
    images = ImageSet.from_arrays(
        image_ids=np.arange(3),
        sizes=np.full((3, 2), 80, np.float32),
        maps=np.zeros((1, 8, 8, 12), np.float16),
        map_rows=zeros,
        object_counts=np.array([0, 1, 2]),
        object_ids=zeros,
        class_ids=zeros,
        boxes=boxes,
    )
    model, regions = build(), Regions(images, 2, CPU)
    for numbers, count in (([0], 0), ([1], 1), ([0, 1, 2], 3), ([], 0)):
        out = model(collate(regions, numbers), "predicted")
        assert out.object_logits.shape == (count, 6)
        assert out.predicate_logits.shape == (0, 5)
        assert torch.isfinite(out.object_logits).all()


@pytest.mark.parametrize("adjusted", [False, True])
def test_files_tell_the_kind(tmp_path, regions, adjusted):
    model, batch = build(adjusted=adjusted), collate(regions, [0])
    if adjusted:
        model.adjustment.normal_()
    save_model(model, tmp_path)
    again = load_model(tmp_path, CPU)
    assert isinstance(again, Motif)
    assert torch.equal(model(batch).predicate_logits, again(batch).predicate_logits)
    config = (tmp_path / "config.json").read_text()
    (tmp_path / "config.json").write_text(config.replace('"motif"', '"bear"'))
    with pytest.raises(ContractError, match="does not describe a model"):
        load_model(tmp_path, CPU)
    (tmp_path / "config.json").write_text(config.replace('"kind": "motif",', ""))
    with pytest.raises(ContractError, match="does not describe a model"):
        load_model(tmp_path, CPU)


def test_ranking_of_logits():
    logits = torch.tensor([[1.0, 0.0, -1.0]])
    torch.testing.assert_close(predicate_scores(logits, "logit"), logits[:, 1:])
    torch.testing.assert_close(predicate_scores(logits, "sigmoid"), 1 / (1 + torch.exp(-logits[:, 1:])))
    raised = torch.exp(logits)
    torch.testing.assert_close(predicate_scores(logits, "softmax"), raised[:, 1:] / raised.sum())
