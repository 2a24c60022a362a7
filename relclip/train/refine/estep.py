"""VisualDS's E-step (docs/method.md, 6): what a model says of the candidates, which pairs stay, their new labels."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from relclip.train.labels import Labels, softmax_within

#: A candidate never weighs 0: the losses would take it for no candidate.
SMALLEST_WEIGHT = float(np.finfo(np.float32).tiny)


@dataclass(frozen=True, eq=False)
class Opinion:
    """What a model says of L labelled pairs with E candidates in all."""

    shares: NDArray[np.float32]  # (E,) softmax over the candidates of the pair
    background: NDArray[np.float32]  # (L,) P(background): softmax over the candidates and background


def opinion(logits: NDArray[np.float32], labels: Labels) -> Opinion:
    """Read off a model's logits (L, R + 1) of the labelled pairs, column 0 is background, what it says of them."""
    counts = np.diff(labels.start)
    pair = np.repeat(np.arange(len(counts)), counts)
    candidates = logits[pair, labels.predicates].astype(np.float64)
    before = labels.start[:-1]  # a pair's background goes before its candidates
    with_background = np.insert(candidates, before, logits[:, 0].astype(np.float64))
    start = labels.start + np.arange(len(labels.start))
    return Opinion(
        softmax_within(candidates, labels.start), softmax_within(with_background, start)[start[:-1]]
    )


def surest(background: NDArray[np.float32], keep: float) -> NDArray[np.bool_]:
    """The share `keep` of all pairs, those with the lowest P(background) of all images together: (L,).

    Their number is rounded to the nearest, at least 1 (D21); ties go to the earlier pair.
    """
    count = min(max(round(keep * len(background)), 1), len(background))
    kept = np.zeros(len(background), bool)
    kept[np.argsort(background, kind="stable")[:count]] = True
    return kept


def merged(
    model: NDArray[np.float32], clip: NDArray[np.float32] | None, model_weight: float
) -> NDArray[np.float32]:
    """New labels (E,): `model_weight` of the model's shares and the rest of CLIP's; without CLIP the model's alone."""
    new = model if clip is None else model_weight * model + (1 - model_weight) * clip
    return np.maximum(new, SMALLEST_WEIGHT).astype(np.float32)


def only(labels: Labels, kept: NDArray[np.bool_], weights: NDArray[np.float32]) -> Labels:
    """Labelled pairs `kept` (L,) with the new `weights` (E,); the others train as background (docs/method.md, 6)."""
    counts = np.diff(labels.start)
    entries = np.repeat(kept, counts)
    number = np.where(kept, np.cumsum(kept) - 1, -1).astype(np.int32)
    row = np.where(labels.row >= 0, number[labels.row] if len(number) else -1, labels.row).astype(np.int32)
    start = np.concatenate([[0], np.cumsum(counts[kept])]).astype(np.int64)
    return Labels(row, start, labels.predicates[entries], weights[entries])
