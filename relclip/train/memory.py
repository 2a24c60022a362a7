"""RCL's negatives of the batches before this one (beyond the paper)."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from relclip.core.params.train import Sampling
from relclip.train.contrast import Negatives, weights_by


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
