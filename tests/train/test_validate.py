"""The quick validation against a slow reading of docs/method.md, 2."""

import numpy as np
import pytest
import torch

from relclip.core.recall import mean_recall, recall
from relclip.model import ImageSet, ModelConfig, Motif, MotifConfig, Regions, RelCLIP
from relclip.train.validate import hits_at, predicate_logits, recalls


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
    pairs = np.array([(i, j) for i in range(4) for j in range(4) if i != j])
    scores = random.integers(0, 4, (len(pairs), 3)) / 4  # many ties
    truth = np.unique(np.column_stack([random.integers(0, 4, (6, 2)), random.integers(1, 4, 6)]), axis=0)
    assert hits_at(scores, pairs, truth, k).tolist() == slow_hits(scores, pairs, truth, k)


def test_no_pair_to_rank():
    assert hits_at(np.zeros((0, 3)), np.zeros((0, 2), int), np.array([[0, 1, 2]]), 50).tolist() == [False]


def test_recalls_by_hand():
    """Image 1 holds predicate 1 twice (one hit) and 2 (hit); image 2 holds predicate 1 (missed); 3 is nowhere."""
    truths = [np.array([[0, 1, 1], [1, 0, 1], [0, 2, 2]]), np.array([[0, 1, 1]])]
    found = recalls([np.array([True, False, True]), np.array([False])], truths, 3)
    assert float(recall(found)) == pytest.approx((2 / 3 + 0) / 2)
    assert float(mean_recall(found)) == pytest.approx(((0.5 + 0) / 2 + 1 + 0) / 3)


@pytest.mark.parametrize("kind", ["relclip", "motif"])
def test_regions_are_pooled_in_float32_whatever_the_precision(tiny, kind):
    """They are kept for what follows, so that a bfloat16 validation or E-step may not round them."""
    torch.manual_seed(0)
    sizes = {"object_classes": 5, "predicates": 4, "channels": 12, "text_dimension": 16}
    sizes |= {"dimension": 16, "roi_size": 2, "dropout": 0.1}
    network = Motif(MotifConfig(**sizes)) if kind == "motif" else RelCLIP(ModelConfig(**sizes, heads=2))
    images, cpu = ImageSet.load(tiny / "dataset", tiny / "features", "val"), torch.device("cpu")
    kept, known = Regions(images, 2, cpu), Regions(images, 2, cpu)
    with torch.no_grad():
        halves = predicate_logits(network.eval(), kept, [0, 2], "bfloat16").float()
        whole = predicate_logits(network, known, [0, 2], "float32")
    assert all(
        torch.equal(one, other) for one, other in zip(kept.batch([0, 2]), known.batch([0, 2]), strict=True)
    )
    assert 0 < (halves - whole).abs().max() < 0.05 * whole.abs().max()
