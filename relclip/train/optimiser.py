"""The optimisers a run can name, and one update."""

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from relclip.compute.schedule import decay_matrices, learning
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
