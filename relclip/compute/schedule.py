"""What trainings share: shuffled epochs, warm-up and what follows, optimizers. Functions of seed and step alone.

So a resumed training repeats itself exactly.
"""

import math
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.optim import Optimizer

from relclip.core.seeds import stream
from relclip.internals.torch_optimizer import spare_torch_compile, step


def batch_numbers(seed: int, step: int, count: int, size: int, *purpose: str) -> NDArray[np.int64]:
    """Positions, among `count` images, of the `size` images of `step` (from 0): shuffled epochs one after another.

    purpose: whose epochs, as in `relclip.core.seeds.stream`.
    """
    places = range(step * size, (step + 1) * size)
    return np.array(
        [_epoch(seed, place // count, count, purpose)[place % count] for place in places], np.int64
    )


def warm_cosine(peak: float, step: int, steps: int, warmup: int) -> float:
    """Learning rate of `step` (from 0): linear warm-up to `peak`, then half a cosine down to 0 at `steps`."""
    if step < warmup:
        return peak * (step + 1) / warmup
    done = (step - warmup) / max(steps - warmup, 1)
    return peak * (1 + math.cos(math.pi * done)) / 2


def warm_steps(peak: float, step: int, falls: Sequence[int], warmup: int) -> float:
    """Learning rate of `step` (from 0): linear warm-up to `peak`, a tenth of it from each step of `falls` on."""
    if step < warmup:
        return peak * (step + 1) / warmup
    return peak * 0.1 ** sum(step >= fall for fall in falls)


class Settings(Protocol):
    """What a section of params.yaml says of an optimizer."""

    optimizer: Any  # sgd or adamw
    learning_rate: float
    weight_decay: float
    momentum: float


def make_optimizer(settings: Settings, weights: Iterable[Tensor]) -> Optimizer:
    """SGD or AdamW over all weights that learn; weight decay on matrices and kernels alone."""
    spare_torch_compile()
    groups = decay_matrices(weights, settings.weight_decay)
    if settings.optimizer == "sgd":
        return torch.optim.SGD(groups, lr=settings.learning_rate, momentum=settings.momentum, fused=True)
    return torch.optim.AdamW(groups, lr=settings.learning_rate, fused=True)


def decay_matrices(weights: Iterable[Tensor], weight_decay: float) -> list[dict[str, Any]]:
    """Parameter groups of torch's optimisers: of what learns, matrices and kernels alone decay (D14)."""
    learning = [weight for weight in weights if weight.requires_grad]
    return [
        {"params": [weight for weight in learning if weight.ndim > 1], "weight_decay": weight_decay},
        {"params": [weight for weight in learning if weight.ndim <= 1], "weight_decay": 0.0},
    ]


def learning(optimizer: Optimizer) -> list[Tensor]:
    """The weights that an optimizer changes."""
    return [weight for group in optimizer.param_groups for weight in group["params"]]


def descend(optimizer: Optimizer, rate: float, longest: float = 0.0) -> None:
    """One step at the rate `rate` down the gradients that are there, cut to the norm `longest` (0: as they are)."""
    if longest:
        torch.nn.utils.clip_grad_norm_(learning(optimizer), longest)
    for group in optimizer.param_groups:
        group["lr"] = rate
    step(optimizer)


@lru_cache(maxsize=2)
def _epoch(seed: int, epoch: int, count: int, purpose: tuple[str, ...]) -> list[int]:
    return stream(seed, *purpose, "epoch", epoch).permutation(count).tolist()
