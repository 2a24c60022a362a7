"""Predicate scores of the rows that need no training (docs/method.md, 4). NaN: nothing is predicted for that pair."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

Method = Literal["ext", "kb", "kb_ext", "kb_counts"]
Scores = NDArray[np.float32]


def method_scores(method: Method, counts: Scores, logits: Scores | None) -> Scores:
    """counts: (P, R) of the pair's classes in the knowledge base; logits: (P, R) of CLIP -> (P, R) float32."""
    if method == "kb":
        return uniform(counts)
    if method == "kb_counts":
        return shares(counts)
    assert logits is not None, "EXT reads CLIP's logits"
    return softmax(logits, np.ones(logits.shape, bool) if method == "ext" else counts > 0)


def uniform(counts: Scores) -> Scores:
    """KB: 1 / |C| on the candidates C, 0 elsewhere; a pair without candidates gets no prediction."""
    return shares((counts > 0).astype(np.float32))


def shares(counts: Scores) -> Scores:
    """KB counts: the count of the predicate over the pair's total; a pair without any gets no prediction."""
    total = counts.sum(axis=1, keepdims=True, dtype=np.float64)
    with np.errstate(invalid="ignore"):
        return (counts / total).astype(np.float32)


def softmax(logits: Scores, candidates: NDArray[np.bool_]) -> Scores:
    """EXT, KB+EXT: softmax over the candidates, 0 elsewhere; a pair without candidates gets no prediction."""
    inside = np.where(candidates, logits, -np.inf).astype(np.float64)
    highest = inside.max(axis=1, keepdims=True, initial=-np.inf)
    shifted = np.exp(inside - np.where(np.isfinite(highest), highest, 0.0))
    with np.errstate(invalid="ignore"):
        return (shifted / shifted.sum(axis=1, keepdims=True)).astype(np.float32)
