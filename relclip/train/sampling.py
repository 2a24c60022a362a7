"""Which samples are negatives of a query, and how much each counts: RelCLIP eq. 7, over a batch and those before it."""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from relclip.core.params.train import Sampling

Weighting = Literal["cosine", "shifted", "none"]


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


def weighted_mean(vectors: Tensor, weights: Tensor, rows: Tensor, count: int) -> Tensor:
    """Fuse the embeddings of an instance's possible labels (RelCLIP section 3.4): mean by weight, L2-normalised (D8).

    vectors: (E, D) one per possible label; weights: (E,); rows: (E,) the instance, 0 to count - 1, each belongs to.
    Returns (count, D); an instance whose vectors are all zero stays zero.
    """
    total = torch.zeros(count, vectors.shape[1], dtype=vectors.dtype, device=vectors.device)
    return functional.normalize(total.index_add_(0, rows, vectors * weights[:, None]), dim=1)


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
