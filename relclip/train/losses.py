"""The two cross-entropies that train beside RCL (RelCLIP section 3.3, end)."""

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


def object_cross_entropy(logits: Tensor, classes: Tensor) -> Tensor:
    """Cross-entropy over all boxes: (N, O + 1) logits, (N,) classes; 0 where there is none."""
    return functional.cross_entropy(logits.float(), classes, reduction="sum") / max(len(classes), 1)
