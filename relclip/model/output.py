"""What every relation model says of a batch, and where it may take the labels of the objects from."""

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
