"""Relational contrastive learning, RelCLIP eq. 2 to 6: losses take features, not models."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from relclip.core.errors import InputError

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
#: From this temperature on exp(2 / tau) is a float32 and logarithms can be spared.
EXPONENTIALS_FROM = 0.03


#: Logits of visual queries with the memory's texts (N, M), of text queries with its visual embeddings, its weights.
Before = tuple[Tensor, Tensor, Tensor]


@dataclass(frozen=True, eq=False)
class Triplets:
    """Embeddings of N relation instances, each (N, D): of the triplet, of its subject, of its object."""

    relation: Tensor  # v^r_ij or t^r_ij
    subject: Tensor  # v_i or t_i
    object: Tensor  # v_j or t_j


def relation_embedding(triplets: Triplets, level: Level) -> Tensor:
    """The L2-normalised difference of RelCLIP eq. 2 and 3 before its matrix W: (N, D).

    subject_predicate: relation - object; predicate_object: relation - subject; unary (the predicate alone, D9):
    relation - subject - object; triple (D9): the relation itself.
    """
    difference = triplets.relation
    if level in {"subject_predicate", "unary"}:
        difference = difference - triplets.object
    if level in {"predicate_object", "unary"}:
        difference = difference - triplets.subject
    return functional.normalize(difference, dim=1)


@dataclass(frozen=True, eq=False)
class Negatives:
    """M relation instances of batches before this one, (M, D) of length 1 each, without gradients.

    weights: (N, M), or (1, M) for all queries, how much each counts for the N queries of this batch; 0: not at all.
    """

    visual: Tensor
    text: Tensor
    weights: Tensor


def info_nce(
    visual: Tensor,
    text: Tensor,
    weights: Tensor,
    temperature: float | Tensor,
    gamma: float,
    *,
    memory: Negatives | None = None,
) -> Tensor:
    """Cross-modal InfoNCE both ways, RelCLIP eq. 4 and 5, over the dictionaries of eq. 7: a scalar.

    visual, text: (N, D), row k of both is one instance. weights: (N, N), weights[k, n] says how much the pair of
    visual k and text n counts where it is a negative: in the denominators of query visual k and of query text n (eq.
    7's weights are symmetric); 0: not in the dictionary. Whatever the diagonal holds, the positive counts 1. <.,.> is
    the cosine. Averaged over the N queries (D10; the paper writes N^2); 0 where N is 0. memory: further negatives; a
    visual query meets their texts, a text query their visual embeddings.
    """
    if len(visual) == 0:
        return (visual.sum() + text.sum()) * 0.0
    seen, said = (functional.normalize(rows.float(), dim=1) for rows in (visual, text))
    logits = (seen / temperature) @ said.T
    before = None
    if memory is not None:
        before = (seen / temperature) @ memory.text.T, (said / temperature) @ memory.visual.T, memory.weights
    fast = isinstance(temperature, float) and temperature >= EXPONENTIALS_FROM
    to_text, to_visual = (_by_exponentials if fast else _by_logarithms)(logits, weights, before)
    return gamma * to_text + (1 - gamma) * to_visual


def _by_exponentials(logits: Tensor, weights: Tensor, before: Before | None) -> tuple[Tensor, Tensor]:
    """Both losses of eq. 4 with one exponential for both. Cosines / tau span 2 / tau: float32 holds exp of that."""
    positive = logits.diagonal()
    highest = logits.detach().max()
    counted = (logits - highest).exp() * weights
    own = (positive - highest).exp() * (1 - weights.diagonal())
    denominators = torch.stack([counted.sum(1), counted.sum(0)]) + own  # (2, N)
    if before is not None:
        denominators = denominators + torch.stack(
            [((further - highest).exp() * before[2]).sum(1) for further in before[:2]]
        )
    losses = (denominators.log() + highest - positive).mean(1)
    return losses[0], losses[1]


def _by_logarithms(logits: Tensor, weights: Tensor, before: Before | None) -> tuple[Tensor, Tensor]:
    """The same for any temperature, several times slower on a CPU."""
    logits = logits + weights.log().fill_diagonal_(0.0)
    positive = torch.arange(len(logits), device=logits.device)
    to_text, to_visual = logits, logits.T
    if before is not None:
        further = before[2].log()
        to_text, to_visual = (
            torch.cat([inside, outside + further], dim=1)
            for inside, outside in zip((to_text, to_visual), before, strict=False)
        )
    return functional.cross_entropy(to_text, positive), functional.cross_entropy(to_visual, positive)


class Bank(Protocol):
    """What holds the instances of past batches at one level: `relclip.train.memory.Memory`."""

    def negatives(self, phrases: Tensor | None) -> Negatives:
        """What is held, weighted for the queries whose phrases these are."""

    def remember(self, visual: Tensor, text: Tensor, phrases: Tensor | None) -> None:
        """Take in a batch."""


class RelationalContrast(nn.Module):
    """L_RCL of RelCLIP eq. 6 with the matrices W of eq. 2 and 3; each starts as the identity (D11).

    Only training needs it: the network's own file does not hold it. `memory` makes the memory of a level; none: the
    negatives are those of the batch alone.
    """

    def __init__(
        self,
        level: str,
        dimension: int,
        gamma: float = 0.5,
        temperature: float = 0.07,
        learn_temperature: bool = False,
        *,
        memory: Callable[[], nn.Module] | None = None,
    ) -> None:
        super().__init__()
        if level not in LEVELS:
            raise InputError(f"the level of the contrast is {level!r}; allowed: {', '.join(LEVELS)}")
        self.levels = LEVELS[level]
        self.gamma = gamma
        self.fixed_temperature = None if learn_temperature else temperature
        self.visual = nn.ModuleDict({name: _identity(dimension) for name in self.levels})
        self.text = nn.ModuleDict({name: _identity(dimension) for name in self.levels})
        self.memory = nn.ModuleDict({name: memory() for name in self.levels} if memory else {})
        self.log_temperature = nn.Parameter(torch.tensor(math.log(temperature)), learn_temperature)

    @property
    def temperature(self) -> Tensor:
        """tau of eq. 4, a scalar."""
        return self.log_temperature.exp().clamp(min=LOWEST_TEMPERATURE)

    def forward(
        self,
        visual: Triplets,
        text: Triplets,
        weights: Mapping[Level, Tensor],
        phrases: Mapping[Level, Tensor] | None = None,
    ) -> Tensor:
        """Sum of the levels' losses; `weights` holds the (N, N) dictionary weights of each level (eq. 7).

        phrases: (N, E), e of eq. 7 of each level, by which a memory weighs what it holds; none: all count 1.
        """
        losses = [
            self._loss(level, visual, text, weights[level], (phrases or {}).get(level))
            for level in self.levels
        ]
        return torch.stack(losses).sum() if losses else visual.relation.sum() * 0.0

    def _loss(
        self, level: Level, visual: Triplets, text: Triplets, weights: Tensor, phrases: Tensor | None
    ) -> Tensor:
        seen, said = self.sides(level, visual, text)
        bank = self.bank(level)
        kept = bank.negatives(phrases) if bank else None
        if bank:
            bank.remember(seen, said, phrases)
        return info_nce(seen, said, weights, self.used_temperature, self.gamma, memory=kept)

    def sides(self, level: Level, visual: Triplets, text: Triplets) -> tuple[Tensor, Tensor]:
        """The relation-level embeddings of eq. 2 and 3 at a level, (N, D) each."""
        seen: Tensor = self.visual[level](relation_embedding(visual, level))
        said: Tensor = self.text[level](relation_embedding(text, level))
        return seen, said

    def bank(self, level: Level) -> Bank | None:
        """The memory of a level, if there is one."""
        return cast(Bank, self.memory[level]) if level in self.memory else None

    @property
    def used_temperature(self) -> float | Tensor:
        """tau as a number where it is fixed, which is faster, else the tensor that learns."""
        return self.temperature if self.fixed_temperature is None else self.fixed_temperature


def _identity(dimension: int) -> nn.Linear:
    layer = nn.Linear(dimension, dimension, bias=False)
    nn.init.eye_(layer.weight)
    return layer
