"""Scores out of a network's logits: predicates ranked by softmax, logit or sigmoid; labels of SGCls."""

from typing import Literal

import torch
from torch import Tensor

RankBy = Literal["softmax", "logit", "sigmoid"]


def predicate_scores(logits: Tensor, rank_by: RankBy) -> Tensor:
    """(P, R + 1) logits, column 0 is background -> (P, R) scores of the predicates (METHOD section 2, `rank_by`)."""
    logits = logits.float()
    if rank_by == "softmax":
        return logits.softmax(dim=1)[:, 1:]
    return logits.sigmoid()[:, 1:] if rank_by == "sigmoid" else logits[:, 1:]


def object_labels(logits: Tensor) -> tuple[Tensor, Tensor]:
    """(N, O + 1) logits, column 0 is background -> class ids 1..O (N,) and their share of the softmax (N,)."""
    score, label = logits.float().softmax(dim=1)[:, 1:].max(dim=1)
    return label + 1, score


def masked(scores: Tensor, candidates: Tensor) -> Tensor:
    """NaN (no prediction) wherever the knowledge base has no such triplet; both (P, R)."""
    return torch.where(candidates, scores, torch.nan)
