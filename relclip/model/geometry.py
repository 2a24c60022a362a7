"""p_ij of RelCLIP eq. 1: the numbers about boxes that the position embedding reads (D4), and that embedding.

All boxes: (..., 4) float32, xyxy, divided by the width and height of their image, so inside [0, 1].
"""

import torch
from torch import Tensor, nn

OBJECT_NUMBERS = 9
PAIR_NUMBERS = 20
#: Logarithms of sizes and ratios are clipped here, so that a box of one pixel cannot dominate.
LARGEST_LOG = 5.0
_TINY = 1e-6


def object_geometry(boxes: Tensor) -> Tensor:
    """(N, 4) boxes -> (N, 9): the box, its centre, log width, log height, area."""
    size = _size(boxes)
    centre = (boxes[:, :2] + boxes[:, 2:]) / 2
    return torch.cat([boxes, centre, _log(size), size.prod(dim=1, keepdim=True)], dim=1)


def pair_geometry(subjects: Tensor, objects: Tensor) -> Tensor:
    """Two (P, 4) -> (P, 20): boxes of subject, object, union; offsets in union sizes; log ratios; areas; IoU."""
    low = torch.minimum(subjects[:, :2], objects[:, :2])
    high = torch.maximum(subjects[:, 2:], objects[:, 2:])
    union = torch.cat([low, high], dim=1)
    subject_size, object_size, union_size = _size(subjects), _size(objects), _size(union)
    offset = (objects[:, :2] + objects[:, 2:] - subjects[:, :2] - subjects[:, 2:]) / (2 * union_size)
    ratio = _log(object_size / subject_size)
    areas = torch.stack([_size(box).prod(dim=1) for box in (subjects, objects, union)], dim=1)
    iou = _shared(subjects, objects, areas)
    return torch.cat([subjects, objects, union, offset, ratio, areas, iou[:, None]], dim=1)


def _shared(subjects: Tensor, objects: Tensor, areas: Tensor) -> Tensor:
    low = torch.maximum(subjects[:, :2], objects[:, :2])
    high = torch.minimum(subjects[:, 2:], objects[:, 2:])
    shared = (high - low).clamp(min=0).prod(dim=1)
    return shared / (areas[:, 0] + areas[:, 1] - shared)


def _size(boxes: Tensor) -> Tensor:
    return (boxes[:, 2:] - boxes[:, :2]).clamp(min=_TINY)


def _log(values: Tensor) -> Tensor:
    return values.log().clamp(-LARGEST_LOG, LARGEST_LOG)


POSITION_WIDTH = 64


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
