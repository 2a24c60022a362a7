"""The losses that train beside RCL: RelCLIP's cross-entropies (section 3.3, end), VisualDS's (docs/method.md, 6)."""

import torch
from torch import Tensor
from torch.nn import functional


def soft_cross_entropy(labelled: Tensor, distribution: Tensor, background: Tensor) -> Tensor:
    """Cross-entropy of predicates: labelled pairs against their label distribution, the others against class 0.

    labelled: (L, R + 1) logits; distribution: (L, R + 1), each row sums to 1; background: (B, R + 1) logits.
    Returns the mean over the L + B pairs, 0 where there is none.
    """
    first = -(distribution * functional.log_softmax(labelled.float(), dim=1)).sum()
    second = -functional.log_softmax(background.float(), dim=1)[:, 0].sum()
    return (first + second) / max(len(labelled) + len(background), 1)


def multi_hot_bce(labelled: Tensor, distribution: Tensor, background: Tensor) -> Tensor:
    """VisualDS's M1 without EXT: binary cross-entropy against every possible label of a pair, whatever its weight.

    Shapes as in `soft_cross_entropy`. The target of a background pair is column 0 alone (D19: those
    pairs train as background). Returns the mean over pairs x (R + 1) columns, 0 where there is no pair.
    """
    return _bce(labelled, distribution, background, None)


def soft_weighted_bce(labelled: Tensor, distribution: Tensor, background: Tensor) -> Tensor:
    """VisualDS's M1 with EXT and every M2: as `multi_hot_bce`, but a possible label weighs its share of the pair.

    Everything else, so what is no label of a pair and all of a background pair, weighs 1.
    """
    weights = torch.where(distribution > 0, distribution, 1.0)
    return _bce(labelled, distribution, background, weights)


def object_cross_entropy(logits: Tensor, classes: Tensor) -> Tensor:
    """Cross-entropy over all boxes: (N, O + 1) logits, (N,) classes; 0 where there is none."""
    return functional.cross_entropy(logits.float(), classes, reduction="sum") / max(len(classes), 1)


def _bce(labelled: Tensor, distribution: Tensor, background: Tensor, weights: Tensor | None) -> Tensor:
    targets = (distribution > 0).float()
    first = functional.binary_cross_entropy_with_logits(labelled.float(), targets, weights, reduction="sum")
    empty = torch.zeros_like(background, dtype=torch.float32)
    empty[:, 0] = 1.0
    second = functional.binary_cross_entropy_with_logits(background.float(), empty, reduction="sum")
    return (first + second) / max((len(labelled) + len(background)) * labelled.shape[1], 1)
