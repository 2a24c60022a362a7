"""L_RCL, relational contrastive learning, RelCLIP eq. 4 to 7: from a batch to the loss, with or without a memory.

Read it from the end: `of_share` takes a step's batch, `forward` embeds (eq. 2 and 3 are `relclip.model.contrast`'s) and
sums the levels (eq. 6), `info_nce` is the loss of one (eq. 4 and 5), `sampling_weights` its dictionaries (eq. 7).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from relclip.compute.world import ALONE, World
from relclip.core.errors import InputError
from relclip.core.params.train import Sampling, Weighting
from relclip.model import Output
from relclip.model.contrast import LEVELS, Level, Projections, Triplets
from relclip.train.language import Phrases, Prompts
from relclip.train.minibatch import Share

EVERY_ROW = slice(None)


@torch.no_grad()
def sampling_weights(
    phrases: Tensor,
    epsilon: float,
    eta: float,
    delete_synonyms: bool = True,
    weight: Weighting = "cosine",
    *,
    others: Tensor | None = None,
) -> Tensor:
    """Weights (N, N) of the dictionaries Q_k: row k is query k; 0 means that the sample is not in Q_k.

    phrases: (N, E) word embeddings e of "subject predicate" or "predicate object". With w = <e_n, e_k>, the cosine:
    w > epsilon is a synonym and out (unless `delete_synonyms` is false), w < eta is uninformative and out. The rest
    weigh w (`cosine`; what is not positive cannot be a weight and is out), (1 + w) / 2 (`shifted`) or 1 (`none`).
    The positive, the query itself, always weighs 1. others: (M, E) phrases of samples outside the batch instead; then
    the weights are (N, M) and none is of a positive.
    """
    unit = functional.normalize(phrases.float(), dim=1)
    sampled = unit if others is None else functional.normalize(others.float(), dim=1)
    cosine = (unit @ sampled.T).clamp_(-1.0, 1.0)
    inside = torch.ge(cosine, eta, out=torch.empty_like(cosine))  # 0 and 1 as numbers: masking is far slower
    if delete_synonyms:
        inside *= torch.le(cosine, epsilon, out=torch.empty_like(cosine))
    if weight == "cosine":
        inside *= cosine.clamp_(min=0.0)
    elif weight == "shifted":
        inside *= (1 + cosine) / 2
    return inside.fill_diagonal_(1.0) if others is None else inside


def weights_by(sampling: Sampling, phrases: Tensor, others: Tensor | None = None) -> Tensor:
    """`sampling_weights` with the settings of a training."""
    settings = sampling.model_dump(exclude={"enabled"})
    return sampling_weights(phrases, **settings, others=others)


@dataclass(frozen=True, eq=False)
class Negatives:
    """M relation instances of batches before this one, (M, D) of length 1 each, without gradients.

    weights: (N, M), or (1, M) for all queries, how much each counts for the N queries of this batch; 0: not at all.
    """

    visual: Tensor
    text: Tensor
    weights: Tensor


class Memory(nn.Module):
    """The last `size` relation instances at one level, first in, first out (beyond the paper).

    RelCLIP names its small batches as a limit of RCL. Once embeddings drift slowly, those of the steps before can serve
    as further negatives, as in XBM (Wang et al. 2020) and MoCo's queue (He et al. 2020): no gradient flows into them,
    and they obey eq. 7 as the batch's own do. Early on they drift fast, and a batch then learns to run away from the
    past instead of telling its own instances apart; so the memory fills from the first step but counts only after the
    warm-up of the learning rate (D12, as XBM does; chosen on validation).

    Its buffers are part of the contrast's state, so a checkpoint holds them and a resumed run repeats itself exactly.
    An instance may meet its own earlier self among the negatives; where phrases are sampled it is out as a synonym.
    """

    visual: Tensor  # (M, D) of length 1, oldest first; zeros where nothing came yet
    text: Tensor  # (M, D)
    phrases: Tensor  # (M, E) e of eq. 7; E is 0 where sampling is not enabled
    filled: Tensor  # () how many rows are held, the last ones
    batches: Tensor  # () how many batches were taken in

    def __init__(self, size: int, dimension: int, words: int, sampling: Sampling, after: int = 1) -> None:
        """`words`: E, the length of the phrases' word embeddings; 0 without. It counts `after` so many batches."""
        super().__init__()
        self.sampling, self.after = sampling, after
        for name, width in (("visual", dimension), ("text", dimension), ("phrases", words)):
            self.register_buffer(name, torch.zeros(size, width))
        for name in ("filled", "batches"):
            self.register_buffer(name, torch.zeros((), dtype=torch.int64))

    def negatives(self, phrases: Tensor | None) -> Negatives:
        """What is held, weighted for N queries by their `phrases` (N, E): weights (N, M), (1, M) without phrases."""
        size = len(self.visual)
        held = torch.arange(size, device=self.filled.device) >= size - self.filled
        weights = (held & (self.batches >= self.after)).float()[None]
        if phrases is not None:
            weights = weights_by(self.sampling, phrases, self.phrases) * weights
        return Negatives(self.visual, self.text, weights)

    @torch.no_grad()
    def remember(self, visual: Tensor, text: Tensor, phrases: Tensor | None) -> None:
        """Take in a batch, (N, D), (N, D) and (N, E); as many of the oldest go."""
        # new tensors each time: the graph of the loss still holds the old
        self.visual = _pushed(self.visual, functional.normalize(visual.float(), dim=1))
        self.text = _pushed(self.text, functional.normalize(text.float(), dim=1))
        if phrases is not None:
            self.phrases = _pushed(self.phrases, phrases.float())
        self.filled = (self.filled + len(visual)).clamp(max=len(self.visual))
        self.batches = self.batches + 1


def _pushed(held: Tensor, new: Tensor) -> Tensor:
    """The last M rows of the two one after the other: (M, D)."""
    return torch.cat([held[len(new) :], new[-len(held) :]])


def info_nce(
    visual: Tensor,
    text: Tensor,
    weights: Tensor,
    temperature: float | Tensor,
    gamma: float,
    *,
    memory: Negatives | None = None,
    queries: slice = EVERY_ROW,
) -> Tensor:
    """Cross-modal InfoNCE both ways, RelCLIP eq. 4 and 5, over the dictionaries of eq. 7: a scalar.

    Of query visual k, with p = exp(<v_k, t_k> / tau):  -log p / (p + sum over n != k of w_kn exp(<v_k, t_n> / tau)),
    and of query text k the same with v and t exchanged; gamma of the first and 1 - gamma of the second, averaged over
    the N queries (D10; the paper writes N^2); 0 where N is 0.

    visual, text: (N, D), row k of both is one instance; <.,.> is the cosine. weights: (N, N), weights[k, n] says how
    much the pair of visual k and text n counts where it is a negative (eq. 7's are symmetric); 0: not in the
    dictionary. Whatever the diagonal holds, the positive counts 1. memory: further negatives, weighted for `queries`; a
    visual query meets their texts, a text query their visual embeddings. queries: the rows that ask; the losses of
    parts that make up all rows add up to the loss of the whole.
    """
    visual, text = (functional.normalize(rows.float(), dim=1) for rows in (visual, text))
    log_weights = weights.log().fill_diagonal_(0.0)  # w exp(x) = exp(x + log w)
    to_text, to_visual = log_weights[queries], log_weights.T[queries]
    texts, visuals = text, visual
    if memory is not None:
        kept = memory.weights.log().expand(len(to_text), -1)
        to_text, to_visual = torch.cat([to_text, kept], dim=1), torch.cat([to_visual, kept], dim=1)
        texts, visuals = torch.cat([text, memory.text]), torch.cat([visual, memory.visual])
    positive = torch.arange(len(visual), device=visual.device)[queries]
    losses = [
        functional.cross_entropy(query[queries] / temperature @ answers.T + added, positive, reduction="sum")
        for query, answers, added in ((visual, texts, to_text), (text, visuals, to_visual))
    ]
    return (gamma * losses[0] + (1 - gamma) * losses[1]) / max(len(visual), 1)


class RelationalContrast(Projections):
    """L_RCL of RelCLIP eq. 6, which trains the matrices W of eq. 2 and 3 beside the network.

    `memory` makes the memory of a level; none: the negatives are those of the batch alone. In several processes each
    contrasts its own queries with the instances of all; the losses of all add up to that of one process over the whole
    batch, and so do their gradients.
    """

    def __init__(
        self,
        level: str,
        dimension: int,
        gamma: float = 0.5,
        temperature: float = 0.07,
        learn_temperature: bool = False,
        *,
        memory: Callable[[], Memory] | None = None,
    ) -> None:
        if level not in LEVELS:
            raise InputError(f"the level of the contrast is {level!r}; allowed: {', '.join(LEVELS)}")
        super().__init__(LEVELS[level], dimension, temperature, learn_temperature)
        self.gamma = gamma
        self.fixed_temperature = None if learn_temperature else temperature
        self.memory = nn.ModuleDict({name: memory() for name in self.levels} if memory else {})

    def forward(
        self,
        visual: Triplets,
        text: Triplets,
        weights: Mapping[Level, Tensor],
        phrases: Mapping[Level, Tensor] | None = None,
        *,
        world: World = ALONE,
        counts: Sequence[int] = (),
    ) -> Tensor:
        """Sum of the levels' losses; `weights` holds the (N, N) dictionary weights of each level (eq. 7).

        phrases: (N, E), e of eq. 7 of each level, by which a memory weighs what it holds; none: all count 1. With
        several processes `visual` and `text` are this one's n of the N instances, and `counts` is n of each process.
        """
        embedded = [rows for level in self.levels for rows in self.embed(level, visual, text)]
        queries = EVERY_ROW
        if embedded and world.size > 1:
            one_exchange = world.gather(torch.cat(embedded, dim=1), counts)
            embedded = list(one_exchange.split(embedded[0].shape[1], dim=1))
            queries = slice(sum(counts[: world.number]), sum(counts[: world.number + 1]))
        losses = [
            self._loss(level, *pair, weights[level], phrases=(phrases or {}).get(level), queries=queries)
            for level, pair in zip(self.levels, zip(embedded[::2], embedded[1::2], strict=True), strict=True)
        ]
        return torch.stack(losses).sum() if losses else visual.relation.sum() * 0.0

    def _loss(
        self,
        level: Level,
        visual: Tensor,
        text: Tensor,
        weights: Tensor,
        *,
        phrases: Tensor | None,
        queries: slice,
    ) -> Tensor:
        negatives = None
        if level in self.memory:
            memory = cast(Memory, self.memory[level])
            negatives = memory.negatives(None if phrases is None else phrases[queries])
            memory.remember(visual, text, phrases)
        temperature = self.used_temperature
        return info_nce(visual, text, weights, temperature, self.gamma, memory=negatives, queries=queries)

    def of_share(
        self,
        output: Output,
        share: Share,
        prompts: Prompts,
        phrases: Phrases | None,
        sampling: Sampling,
        *,
        world: World = ALONE,
    ) -> Tensor:
        """L_RCL of a step's labelled pairs: v from the network, t and e from their labels; no phrases: no sampling."""
        batch, targets = share.batch, share.targets
        if not self.levels:
            return torch.zeros((), device=output.objects.device)
        rows, objects = targets.labelled, output.objects.float()
        visual = Triplets(
            output.relations.float().index_select(0, rows),
            objects.index_select(0, batch.subjects[rows]),
            objects.index_select(0, batch.objects[rows]),
        )
        everyone = share.everyone or targets
        if phrases is None:  # all others are negatives
            alike = torch.ones(2 * (len(everyone.labelled),), device=rows.device)
            words, weights = {}, dict.fromkeys(self.levels, alike)
        else:
            words = {level: everyone.phrases(phrases, level) for level in self.levels}
            weights = {level: weights_by(sampling, words[level]) for level in self.levels}
        return self(visual, targets.text(prompts), weights, words, world=world, counts=share.labelled)

    @property
    def used_temperature(self) -> float | Tensor:
        """tau as a number where it is fixed, which is faster, else the tensor that learns."""
        return self.temperature if self.fixed_temperature is None else self.fixed_temperature
