"""The losses that train beside RCL: RelCLIP's cross-entropies (section 3.3, end), VisualDS's (docs/method.md, 6)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from relclip.core.params.train import Train

#: A loss of predicates: labelled logits (L, R + 1), their distributions (L, R + 1), background logits (B, R + 1).
PredicateLoss = Callable[[Tensor, Tensor, Tensor], Tensor]


@dataclass(frozen=True, eq=False)
class Losses:
    """The losses of a step, or of a share of it, scalars named as in curves.csv; `loss` is what is minimised."""

    loss: Tensor
    loss_object: Tensor
    loss_predicate: Tensor
    loss_rcl: Tensor

    @classmethod
    def total(cls, shares: Sequence["Losses"]) -> "Losses":
        """Add up the losses of all shares of a step."""
        names = cls.__dataclass_fields__
        return cls(**{name: torch.stack([getattr(share, name) for share in shares]).sum() for name in names})

    def detached(self) -> "Losses":
        """The same numbers without their graph."""
        return Losses(**{name: loss.detach() for name, loss in vars(self).items()})


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


def predicate_loss(params: Train, weighted: bool | None = None) -> PredicateLoss:
    """Return the loss that `loss` names. VisualDS weighs possible labels by EXT or by its E-step, never uniform ones.

    Labels that share a pair by the counts of the KB weigh too (D16).
    """
    if params.loss == "cross_entropy":
        return soft_cross_entropy
    if weighted is None:
        by_counts = params.supervision == "kb" and params.kb.weights == "counts"
        weighted = params.supervision == "kb+ext" or by_counts
    return soft_weighted_bce if weighted else multi_hot_bce


def _bce(labelled: Tensor, distribution: Tensor, background: Tensor, weights: Tensor | None) -> Tensor:
    targets = (distribution > 0).float()
    first = functional.binary_cross_entropy_with_logits(labelled.float(), targets, weights, reduction="sum")
    empty = torch.zeros_like(background, dtype=torch.float32)
    empty[:, 0] = 1.0
    second = functional.binary_cross_entropy_with_logits(background.float(), empty, reduction="sum")
    return (first + second) / max((len(labelled) + len(background)) * labelled.shape[1], 1)
