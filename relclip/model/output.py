"""What every relation model says of a batch, how its logits are ranked, where it may take the objects' labels from."""

from dataclasses import dataclass
from typing import Literal

from torch import Tensor

#: PredCls gives the labels of the objects, SGCls and SGDet predict them.
LabelSource = Literal["given", "predicted"]


@dataclass(frozen=True, eq=False)
class Output:
    """What the network says of a batch of N objects and P ordered pairs; column 0 of the logits is background."""

    object_logits: Tensor  # (N, O + 1)
    predicate_logits: Tensor  # (P, R + 1)
    objects: Tensor  # (N, D) v_i
    relations: Tensor  # (P, D) v^r_ij


RankBy = Literal["softmax", "logit", "sigmoid"]


def predicate_scores(logits: Tensor, rank_by: RankBy) -> Tensor:
    """(P, R + 1) logits, column 0 is background -> (P, R) scores of the predicates (docs/method.md, 2, `rank_by`)."""
    logits = logits.float()
    if rank_by == "softmax":
        return logits.softmax(dim=1)[:, 1:]
    return logits.sigmoid()[:, 1:] if rank_by == "sigmoid" else logits[:, 1:]
