"""The optimisers a run can name, the learning rate of each step, and one update."""

import math
from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn

from relclip.compute.schedule import decay_matrices, learning, warm_cosine
from relclip.core.params.train import Train
from relclip.internals.torch_optimizer import spare_torch_compile, step


def make_optimizer(params: Train, modules: Iterable[nn.Module]) -> torch.optim.Optimizer:
    """SGD (the paper's) or AdamW over all parameters that learn; weight decay on matrices alone (D14)."""
    spare_torch_compile()
    weights = (weight for module in modules for weight in module.parameters())
    groups = decay_matrices(weights, params.weight_decay)
    if params.optimizer == "sgd":
        return torch.optim.SGD(groups, lr=params.learning_rate, momentum=params.momentum, fused=True)
    return torch.optim.AdamW(groups, lr=params.learning_rate, fused=True)


def update(optimizer: torch.optim.Optimizer, loss: Tensor, learning_rate: float, longest: float) -> None:
    """One step down the gradient of `loss`, which is cut to the norm `longest` (0: left as it is)."""
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    descend(optimizer, learning_rate, longest)


def descend(optimizer: torch.optim.Optimizer, learning_rate: float, longest: float) -> None:
    """One step down the gradients that are there, cut to the norm `longest` (0: left as they are)."""
    if longest:
        nn.utils.clip_grad_norm_(learning(optimizer), longest)
    for group in optimizer.param_groups:
        group["lr"] = learning_rate
    step(optimizer)


FALLS_TO = 0.1


def learning_rate(params: Train, step: int, validated: Sequence[float] = ()) -> float:
    """Learning rate of `step` (from 0): linear warm-up, then constant, a half cosine down to 0, or by plateaus.

    validated: the recalls on validation so far, the first first; only `schedule: plateau` asks for them.
    """
    if params.schedule != "cosine" and step >= params.warmup:
        falls = plateaus(validated, params.patience) if params.schedule == "plateau" else 0
        return params.learning_rate * FALLS_TO**falls
    return warm_cosine(params.learning_rate, step, params.iterations, params.warmup)


def plateaus(validated: Sequence[float], patience: int) -> int:
    """How often more than `patience` values in a row were not above the best, as torch's ReduceLROnPlateau counts.

    Its threshold is 0 here. After a fall the count of values that were no better begins anew.
    """
    best, waited, falls = -math.inf, 0, 0
    for value in validated:
        waited = 0 if value > best else waited + 1
        best = max(best, value)
        if waited > patience:
            falls, waited = falls + 1, 0
    return falls
