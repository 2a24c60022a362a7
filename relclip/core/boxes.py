"""Boxes: (N, 4) arrays, xyxy, pixels of the original image, origin top left, x2 > x1 and y2 > y1."""

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Boxes = NDArray[np.float32]
AnyBoxes = NDArray[np.floating]
_Same = TypeVar("_Same", bound=AnyBoxes)


def area(boxes: AnyBoxes, inclusive: bool = False) -> NDArray[np.floating]:
    """Area of each box, (N,). `inclusive` counts pixels as VRD code does: (x2 - x1 + 1) * (y2 - y1 + 1)."""
    extra = 1 if inclusive else 0
    return (boxes[..., 2] - boxes[..., 0] + extra) * (boxes[..., 3] - boxes[..., 1] + extra)


def intersection(first: AnyBoxes, second: AnyBoxes, inclusive: bool = False) -> NDArray[np.floating]:
    """Shared area of boxes that broadcast against each other, (..., 4) x (..., 4) -> (...)."""
    extra = 1 if inclusive else 0
    low = np.maximum(first[..., :2], second[..., :2])
    high = np.minimum(first[..., 2:], second[..., 2:])
    sides = np.maximum(high - low + extra, 0)
    shared: NDArray[np.floating] = sides[..., 0] * sides[..., 1]  # np.prod takes twice as long
    return shared


def iou(first: AnyBoxes, second: AnyBoxes, inclusive: bool = False) -> NDArray[np.floating]:
    """Intersection over union of boxes that broadcast against each other, (..., 4) x (..., 4) -> (...)."""
    shared = intersection(first, second, inclusive)
    return shared / (area(first, inclusive) + area(second, inclusive) - shared)


def union(first: _Same, second: _Same) -> _Same:
    """The box around both (RelCLIP section 3.1, b_ij), (..., 4) x (..., 4) -> (..., 4)."""
    low = np.minimum(first[..., :2], second[..., :2])
    around: Any = np.concatenate([low, np.maximum(first[..., 2:], second[..., 2:])], axis=-1)
    return around


def overlapping_pairs(boxes: Boxes) -> NDArray[np.int64]:
    """Ordered pairs (i, j), i != j, whose boxes share some area: (P, 2) row numbers, sorted by i then j."""
    shared = intersection(boxes[:, None], boxes[None]) > 0
    np.fill_diagonal(shared, False)
    return np.argwhere(shared)


def apart_pairs(boxes: Boxes) -> NDArray[np.int64]:
    """The other ordered pairs (i, j), i != j: boxes that share no area, (P, 2), sorted by i then j."""
    return np.argwhere((intersection(boxes[:, None], boxes[None]) <= 0) & ~np.eye(len(boxes), dtype=bool))


def class_nms(
    boxes: Boxes, classes: NDArray[np.int64], scores: NDArray[np.float32], most: float
) -> NDArray[np.bool_]:
    """(N,) which boxes stay: none has an IoU above `most` with a better one of its class that stays.

    Equal scores: the earlier box is the better one. The same answer as torchvision's `batched_nms`.
    """
    close = (iou(boxes[:, None], boxes[None]) > most) & (classes[:, None] == classes[None])
    np.fill_diagonal(close, False)
    stays = np.ones(len(boxes), bool)
    for row in np.argsort(-scores, kind="stable"):
        if stays[row]:
            stays &= ~close[row]
    return stays
