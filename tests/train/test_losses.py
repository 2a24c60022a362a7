"""The losses against hand-worked numbers and plain loops (docs/method.md, 6)."""

import math

import pytest
import torch

from relclip.core.params.train import KbLabels, Train
from relclip.train.setup import predicate_loss
from relclip.train.trainer import multi_hot_bce, soft_cross_entropy, soft_weighted_bce


def slow_bce(labelled, distribution, background, weighted):
    total = 0.0
    rows = [(z, d, False) for z, d in zip(labelled.tolist(), distribution.tolist(), strict=True)]
    rows += [(z, None, True) for z in background.tolist()]
    for logits, shares, is_background in rows:
        for column, logit in enumerate(logits):
            sigmoid = 1 / (1 + math.exp(-logit))
            target = column == 0 if is_background else shares[column] > 0
            weight = shares[column] if weighted and target and not is_background else 1.0
            total -= weight * math.log(sigmoid if target else 1 - sigmoid)
    return total / (len(rows) * len(logits))


@pytest.mark.parametrize(("loss", "weighted"), [(multi_hot_bce, False), (soft_weighted_bce, True)])
def test_bce_equals_a_loop(loss, weighted):
    torch.manual_seed(0)
    labelled, background = torch.randn(3, 5) * 3, torch.randn(2, 5) * 3
    distribution = torch.tensor([[0, 0.25, 0, 0.75, 0], [0, 0, 1.0, 0, 0], [0, 0.5, 0.5, 0, 0]])
    expected = slow_bce(labelled, distribution, background, weighted)
    assert loss(labelled, distribution, background).item() == pytest.approx(expected, rel=1e-5)
    only = slow_bce(labelled, distribution, background[:0], weighted)
    assert loss(labelled, distribution, background[:0]).item() == pytest.approx(only, rel=1e-5)


def test_bce_by_hand():
    """Logits 0: every column costs log 2; of a pair with shares 0.25 and 0.75 the weighted loss counts 2 of 3."""
    zero, shares = torch.zeros(1, 3), torch.tensor([[0.0, 0.25, 0.75]])
    assert multi_hot_bce(zero, shares, zero).item() == pytest.approx(math.log(2))
    weighted = soft_weighted_bce(zero, shares, zero[:0]).item()
    assert weighted == pytest.approx(math.log(2) * (1 + 0.25 + 0.75) / 3)


@pytest.mark.parametrize("loss", [multi_hot_bce, soft_weighted_bce, soft_cross_entropy])
def test_no_pair(loss):
    assert loss(torch.zeros(0, 3), torch.zeros(0, 3), torch.zeros(0, 3)).item() == 0


def test_which_loss_a_run_has():
    def of(weighted=None, **changes):
        return predicate_loss(Train(**changes), weighted)

    assert of() is of(supervision="kb+ext") is soft_cross_entropy
    assert of(loss="bce", supervision="kb") is multi_hot_bce
    assert of(loss="bce", supervision="kb+ext") is soft_weighted_bce
    assert of(loss="bce", supervision="kb", kb=KbLabels(weights="counts")) is soft_weighted_bce
    assert of(True, loss="bce", supervision="kb") is soft_weighted_bce  # VisualDS's M2
