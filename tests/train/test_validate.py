"""The quick validation against a slow reading of docs/method.md, 2."""

import numpy as np
import pyarrow.compute as pc
import pytest
import torch

from relclip.core.parquet import RELATIONS, read_table
from relclip.core.recall import mean_recall, recall
from relclip.model import ImageSet, ModelConfig, Motif, MotifConfig, Regions, RelCLIP
from relclip.train import validate
from relclip.train.labels import LEFT_OUT, Labels
from relclip.train.validate import (
    MEASURED,
    WATCHED,
    Validation,
    hits_at,
    labelled_logits,
    predicate_logits,
    recalls,
)

CPU = torch.device("cpu")


def slow_hits(scores, pairs, truth, k):
    offers = []
    for row, (i, j) in enumerate(pairs):
        predicate = max(range(1, scores.shape[1] + 1), key=lambda p: scores[row, p - 1])
        offers.append((-scores[row, predicate - 1], row, (int(i), int(j), predicate)))
    top = [triple for _, _, triple in sorted(offers)[:k]]
    return [tuple(triple) in top for triple in truth.tolist()]


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("k", [1, 3, 100])
def test_hits(seed, k):
    random = np.random.default_rng(seed)
    pairs = np.array([(i, j) for i in range(6) for j in range(6) if i != j])
    scores = random.integers(0, 4, (len(pairs), 3)) / 4  # many ties
    truth = np.unique(np.column_stack([random.integers(0, 6, (15, 2)), random.integers(1, 4, 15)]), axis=0)
    assert hits_at(scores, pairs, truth, k).tolist() == slow_hits(scores, pairs, truth, k)


def test_no_pair_to_rank():
    assert hits_at(np.zeros((0, 3)), np.zeros((0, 2), int), np.array([[0, 1, 2]]), 50).tolist() == [False]


def test_recalls_by_hand():
    """Image 1 holds predicate 1 twice (one hit) and 2 (hit); image 2 holds predicate 1 (missed); 3 is nowhere."""
    truths = [np.array([[0, 1, 1], [1, 0, 1], [0, 2, 2]]), np.array([[0, 1, 1]])]
    found = recalls([np.array([True, False, True]), np.array([False])], truths, 3)
    assert float(recall(found)) == pytest.approx((2 / 3 + 0) / 2)
    assert float(mean_recall(found)) == pytest.approx(((0.5 + 0) / 2 + 1 + 0) / 3)


def network(kind):
    torch.manual_seed(0)
    sizes = {"object_classes": 5, "predicates": 4, "channels": 12, "text_dimension": 16}
    sizes |= {"dimension": 16, "roi_size": 2, "dropout": 0.5}
    return Motif(MotifConfig(**sizes)) if kind == "motif" else RelCLIP(ModelConfig(**sizes, heads=2))


def asked_alone(model, images, number):
    """Logits of all pairs of one image, without dropout."""
    with torch.no_grad():
        return predicate_logits(model.eval(), Regions(images, 2, CPU), [number], "float32")


@pytest.mark.parametrize("kind", ["relclip", "motif"])
def test_validation_is_the_recall_of_one_image_after_another(tiny, monkeypatch, kind):
    """Of the first five with relations, in any order and number of rows; the model learns on afterwards."""
    monkeypatch.setattr(validate, "IMAGES_AT_ONCE", 2)
    monkeypatch.setattr(validate, "MAIN_CUTOFF", 3)
    model, images = network(kind).train(), ImageSet.load(tiny / "dataset", tiny / "features", "val")
    table = read_table(tiny / "dataset" / "relations.parquet", RELATIONS)
    table = table.filter(pc.not_equal(table["image_id"], int(images.image_ids[1])))
    numbers = [0, 2, 3, 4, 5]
    rows = np.repeat(np.arange(len(table)), 1 + np.arange(len(table)) % 2)
    shuffled = table.take(np.random.default_rng(0).permutation(rows))
    found = Validation.of(Regions(images, 2, CPU), shuffled, 5, precision="float32")(model)
    assert model.training
    hits, truths = [], []
    for number in numbers:
        ids = images.object_ids[images.objects_of(number)].tolist()
        own = [row for row in table.to_pylist() if row["image_id"] == images.image_ids[number]]
        truths.append(
            np.array(
                [(ids.index(r["subject_id"]), ids.index(r["object_id"]), r["predicate_id"]) for r in own]
            )
        )
        scores = asked_alone(model, images, number).softmax(1)[:, 1:].numpy()
        hits.append(np.array(slow_hits(scores, images.pairs[images.pairs_of(number)], truths[-1], 3)))
    assert found[WATCHED] == pytest.approx(np.mean([hit.mean() for hit in hits]))
    assert 0 < found[WATCHED] < 1
    expected = {name: float(metric.function(recalls(hits, truths, 4))) for name, metric in MEASURED.items()}
    assert found == pytest.approx(expected)
    assert Validation.of(Regions(images, 2, CPU), table.slice(0, 0), 5)(model) == {}


@pytest.mark.parametrize("kind", ["relclip", "motif"])
def test_logits_of_labelled_pairs_are_those_of_one_image_after_another(tiny, monkeypatch, kind):
    """The first and the last pair of the set are labelled, an image has none, some are left out."""
    monkeypatch.setattr(validate, "IMAGES_AT_ONCE", 2)
    model, images = network(kind).train(), ImageSet.load(tiny / "dataset", tiny / "features", "val")
    labelled = np.random.default_rng(0).random(len(images.pairs)) < 0.4
    labelled[[0, -1]], labelled[images.pairs_of(2)] = True, False
    row = np.where(labelled, np.cumsum(labelled) - 1, np.where(np.arange(len(labelled)) % 2, -1, LEFT_OUT))
    count = int(labelled.sum())
    labels = Labels(row, np.arange(count + 1), np.ones(count, np.int64), np.ones(count, np.float32))
    found = labelled_logits(model, Regions(images, 2, CPU), labels, "ask", "float32")
    assert model.training
    expected = torch.cat([asked_alone(model, images, number) for number in range(len(images))]).numpy()
    np.testing.assert_allclose(found, expected[labelled], atol=1e-5)
    none = Labels(
        np.full(len(row), -1), np.zeros(1, np.int64), np.zeros(0, np.int64), np.zeros(0, np.float32)
    )
    assert labelled_logits(model, Regions(images, 2, CPU), none, "ask").shape == (0, 5)


@pytest.mark.parametrize("kind", ["relclip", "motif"])
def test_regions_are_pooled_in_float32_whatever_the_precision(tiny, kind):
    """They are kept for what follows, so that a bfloat16 validation or E-step may not round them."""
    model, images = network(kind).eval(), ImageSet.load(tiny / "dataset", tiny / "features", "val")
    kept, known = Regions(images, 2, CPU), Regions(images, 2, CPU)
    with torch.no_grad():
        halves = predicate_logits(model, kept, [0, 2], "bfloat16").float()
        whole = predicate_logits(model, known, [0, 2], "float32")
    assert all(
        torch.equal(one, other) for one, other in zip(kept.batch([0, 2]), known.batch([0, 2]), strict=True)
    )
    assert 0 < (halves - whole).abs().max() < 0.05 * whole.abs().max()
