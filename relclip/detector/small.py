"""A small backbone with a feature pyramid for pictures of about 128 pixels: 1 M parameters, trained from nothing."""

from collections import OrderedDict
from itertools import pairwise

import torch
from torch import Tensor, nn
from torchvision.ops import FeaturePyramidNetwork

#: Channels at strides 2 (the stem), 4, 8, 16 and 32.
WIDTHS = (24, 40, 80, 128, 160)
PYRAMID = 64


class Residual(nn.Module):
    """Two 3 x 3 convolutions around a shortcut; (B, I, H, W) -> (B, O, H / stride, W / stride)."""

    def __init__(self, inside: int, outside: int, stride: int) -> None:
        super().__init__()
        self.first = convolution(inside, outside, 3, stride)
        self.second = convolution(outside, outside, 3, 1)
        same = stride == 1 and inside == outside
        self.shortcut = nn.Identity() if same else convolution(inside, outside, 1, stride)

    def forward(self, states: Tensor) -> Tensor:
        """Transform a map."""
        return torch.relu(self.second(torch.relu(self.first(states))) + self.shortcut(states))


class SmallBackbone(nn.Module):
    """Pictures (B, 3, H, W) -> maps of PYRAMID channels at the strides 4, 8, 16 and 32, named "0" to "3"."""

    out_channels = PYRAMID

    def __init__(self) -> None:
        super().__init__()
        self.stem = convolution(3, WIDTHS[0], 3, 2)
        self.stages = nn.ModuleList(Residual(inside, outside, 2) for inside, outside in pairwise(WIDTHS))
        self.pyramid = FeaturePyramidNetwork(list(WIDTHS[1:]), PYRAMID)

    def forward(self, pictures: Tensor) -> dict[str, Tensor]:
        """Compute the pyramid."""
        states = torch.relu(self.stem(pictures))
        maps: OrderedDict[str, Tensor] = OrderedDict()
        for level, stage in enumerate(self.stages):
            states = stage(states)
            maps[str(level)] = states
        return self.pyramid(maps)


def convolution(inside: int, outside: int, side: int, stride: int) -> nn.Sequential:
    """A convolution and batch normalisation."""
    return nn.Sequential(
        nn.Conv2d(inside, outside, side, stride, side // 2, bias=False), nn.BatchNorm2d(outside)
    )
