"""Where picture and words are compared: the relation-level embeddings of RelCLIP eq. 2 and 3, and scores by them."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

Level = Literal["subject_predicate", "predicate_object", "triple", "unary"]

#: The contrasts that each value of `rcl.level` sums (RelCLIP eq. 6 and table 3).
LEVELS: dict[str, tuple[Level, ...]] = {
    "dual": ("subject_predicate", "predicate_object"),
    "triple": ("triple",),
    "unary": ("unary",),
    "none": (),
}
#: A learned temperature never falls below this (CLIP's bound).
LOWEST_TEMPERATURE = 0.01


@dataclass(frozen=True, eq=False)
class Triplets:
    """Embeddings of N relation instances, each (..., D): of the triplet, of its subject, of its object."""

    relation: Tensor  # v^r_ij or t^r_ij
    subject: Tensor  # v_i or t_i
    object: Tensor  # v_j or t_j


def relation_embedding(triplets: Triplets, level: Level) -> Tensor:
    """The L2-normalised difference of RelCLIP eq. 2 and 3 before its matrix W: (..., D).

    subject_predicate: relation - object; predicate_object: relation - subject; unary (the predicate alone, D9):
    relation - subject - object; triple (D9): the relation itself.
    """
    difference = triplets.relation
    if level in {"subject_predicate", "unary"}:
        difference = difference - triplets.object
    if level in {"predicate_object", "unary"}:
        difference = difference - triplets.subject
    return functional.normalize(difference, dim=-1)


class Projections(nn.Module):
    """The matrices W of RelCLIP eq. 2 and 3 at some levels, each the identity at first (D11), and tau of eq. 4."""

    def __init__(
        self,
        levels: Iterable[Level],
        dimension: int,
        temperature: float = 0.07,
        learn_temperature: bool = False,
    ) -> None:
        super().__init__()
        self.levels = tuple(levels)
        self.visual = nn.ModuleDict({name: _identity(dimension) for name in self.levels})
        self.text = nn.ModuleDict({name: _identity(dimension) for name in self.levels})
        self.log_temperature = nn.Parameter(torch.tensor(math.log(temperature)), learn_temperature)

    @property
    def temperature(self) -> Tensor:
        """tau of eq. 4, a scalar."""
        return self.log_temperature.exp().clamp(min=LOWEST_TEMPERATURE)

    def embed(self, level: Level, visual: Triplets, text: Triplets) -> tuple[Tensor, Tensor]:
        """The relation-level embeddings dv and dt of eq. 2 and 3 at a level, (..., D) each."""
        return (
            self.visual[level](relation_embedding(visual, level)),
            self.text[level](relation_embedding(text, level)),
        )

    def matching(self, visual: Triplets, text: Triplets) -> Tensor:
        """Logits of texts for pairs (D37): the mean over the levels of cos(dv, dt) / tau.

        visual: (P, D) each; text: (P, R, D) each, the R texts that every pair is compared with. Returns (P, R).
        """
        cosines = []
        for level in self.levels:
            picture, words = (functional.normalize(one, dim=-1) for one in self.embed(level, visual, text))
            cosines.append(torch.einsum("pd,prd->pr", picture, words))
        return torch.stack(cosines).mean(dim=0) / self.temperature


def _identity(dimension: int) -> nn.Linear:
    layer = nn.Linear(dimension, dimension, bias=False)
    nn.init.eye_(layer.weight)
    return layer
