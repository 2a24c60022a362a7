"""Small parts that all relation models share."""

import torch
from torch import Tensor, nn

POSITION_WIDTH = 64


class Channels(nn.Module):
    """Makes each channel of pooled regions standard, by the mean and scale of the frozen maps (D5)."""

    channel_mean: Tensor
    channel_scale: Tensor

    def _make_channels(self, channels: int) -> None:
        self.register_buffer("channel_mean", torch.zeros(channels))
        self.register_buffer("channel_scale", torch.ones(channels))

    def set_channels(self, mean: Tensor, scale: Tensor) -> None:
        """Fix the mean and scale, (C,), that make each channel of the frozen maps standard (D5)."""
        self.channel_mean.copy_(mean)
        self.channel_scale.copy_(scale)

    def _standard(self, regions: Tensor) -> Tensor:
        """(., S) float16 pooled -> (., S) float32, in one pass: a training step reads megabytes of them."""
        cells = regions.float().unflatten(1, (-1, len(self.channel_mean)))
        factor = 1 / self.channel_scale
        return torch.addcmul(-self.channel_mean * factor, cells, factor).flatten(1)


def position_numbers(numbers: int) -> nn.Sequential:
    """The small MLP that embeds boxes: (., numbers) -> (., POSITION_WIDTH)."""
    return nn.Sequential(
        nn.Linear(numbers, POSITION_WIDTH),
        nn.ReLU(),
        nn.Linear(POSITION_WIDTH, POSITION_WIDTH),
        nn.ReLU(),
    )


def position_embedding(numbers: int, dimension: int) -> nn.Sequential:
    """p_ij through a small MLP and its part of the adaptor's fully connected layer: (., numbers) -> (., D)."""
    return nn.Sequential(
        *position_numbers(numbers),
        nn.Linear(POSITION_WIDTH, dimension, bias=False),
    )
