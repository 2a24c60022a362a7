"""f_ROI of RelCLIP eq. 1: RoIAlign in plain torch, equal to torchvision's `roi_align(aligned=True)`.

Bilinear weights are a product of a weight along y and one along x, and so is their mean over a regular grid of
sampling points. RoIAlign is therefore two small matrix products instead of a gather of four corners per point.
"""

import torch
from torch import Tensor

#: Sampling points per bin and axis, torchvision's `sampling_ratio`.
SAMPLING_RATIO = 2


def roi_align(map_: Tensor, boxes: Tensor, size: int, sampling_ratio: int = SAMPLING_RATIO) -> Tensor:
    """Pool the boxes of one image from its map.

    map_: (h, w, C) float; boxes: (K, 4) float32, xyxy in cells of the map (pixels x w / width, pixels x h / height).
    Returns (K, size, size, C): row, column, channel; torchvision's (K, C, row, column) with the channel moved last.
    """
    height, width, channels = map_.shape
    rows = axis_weights(boxes[:, 1], boxes[:, 3], height, size, sampling_ratio).to(map_.dtype)
    columns = axis_weights(boxes[:, 0], boxes[:, 2], width, size, sampling_ratio).to(map_.dtype)
    by_row = rows.reshape(-1, height) @ map_.reshape(height, width * channels)
    return columns[:, None] @ by_row.reshape(-1, size, width, channels)


def axis_weights(low: Tensor, high: Tensor, cells: int, size: int, sampling_ratio: int) -> Tensor:
    """How much each of `cells` cells counts in each of `size` bins between `low` and `high`: (K, size, cells).

    low, high: (K,) in cells; cell c has its centre at c + 0.5 (torchvision's `aligned`). A sampling point more than
    one cell outside the map counts nothing; one at its rim reads the outermost cell.
    """
    points = size * sampling_ratio
    steps = (torch.arange(points, device=low.device, dtype=low.dtype) + 0.5) / points
    position = low[:, None] - 0.5 + (high - low)[:, None] * steps  # (K, points)
    inside = (position >= -1) & (position <= cells)
    position = position.clamp(0, cells - 1)
    distance = position[..., None] - torch.arange(cells, device=low.device, dtype=low.dtype)
    weights = (1 - distance.abs()).clamp(min=0) * inside[..., None]  # (K, points, cells)
    return weights.reshape(-1, size, sampling_ratio, cells).mean(dim=2)
