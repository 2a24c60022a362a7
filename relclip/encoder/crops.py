"""Regions of a picture as squares of pixels for CLIP: cut, squash, all boxes of one picture at once."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from relclip.core.boxes import Boxes
from relclip.encoder.encoder import resize


def as_tensor(image: NDArray[np.uint8]) -> Tensor:
    """A decoded picture, (H, W, 3) uint8, as (1, 3, H, W) without copying."""
    return torch.from_numpy(image).permute(2, 0, 1)[None]


def pixel_boxes(boxes: Boxes, width: int, height: int, margin: float = 0.0) -> NDArray[np.int64]:
    """Whole-pixel boxes (N, 4) inside the picture: widened by `margin` of their sides, rounded, at least one pixel."""
    sides = np.maximum(boxes[:, 2:] - boxes[:, :2], 0)
    limits = np.array([width, height])
    low = np.clip(np.floor(boxes[:, :2] - margin * sides + 0.5), 0, limits - 1)
    high = np.clip(np.floor(boxes[:, 2:] + margin * sides + 0.5), low + 1, limits)
    return np.concatenate([low, high], axis=1).astype(np.int64)  # what is far outside fits no whole number


def cut(image: NDArray[np.uint8], boxes: Boxes, size: int) -> Tensor:
    """Crops of one decoded picture: (H, W, 3) uint8, boxes (N, 4) xyxy pixels -> (N, 3, size, size) uint8."""
    height, width = image.shape[:2]
    picture = as_tensor(image)
    crops = torch.empty((len(boxes), 3, size, size), dtype=torch.uint8)
    for row, (x1, y1, x2, y2) in enumerate(pixel_boxes(boxes, width, height).tolist()):
        crops[row] = resize(picture[:, :, y1:y2, x1:x2], size)[0]
    return crops
