"""How logits of predicates are ranked (docs/method.md, 2, `rank_by`)."""

from typing import Literal

from torch import Tensor

RankBy = Literal["softmax", "logit", "sigmoid"]


def predicate_scores(logits: Tensor, rank_by: RankBy) -> Tensor:
    """(P, R + 1) logits, column 0 is background -> (P, R) scores of the predicates."""
    logits = logits.float()
    if rank_by == "softmax":
        return logits.softmax(dim=1)[:, 1:]
    return logits.sigmoid()[:, 1:] if rank_by == "sigmoid" else logits[:, 1:]
