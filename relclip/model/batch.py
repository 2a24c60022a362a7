"""Several images as one batch: rows of all images one after another, with the counts that part them; p_ij of RelCLIP.

p_ij of eq. 1 are the numbers about boxes that the position embedding reads (D4). Boxes there: (..., 4) float32, xyxy,
divided by the width and height of their image, so inside [0, 1].
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from relclip.compute.device import moved
from relclip.model.attention import Padding
from relclip.model.regions import Regions

OBJECT_NUMBERS = 9
PAIR_NUMBERS = 20
POSITION_WIDTH = 64
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


@dataclass(frozen=True, eq=False)
class Batch:
    """B images with N objects, P ordered pairs and U union boxes in all. Row numbers count within the batch."""

    object_counts: list[int]  # (B,) sum N
    object_padding: Padding
    pair_padding: Padding
    classes: Tensor  # (N,) int64, the labels of the data set; 0 where unknown
    object_regions: Tensor  # (N, S) float16, pooled
    object_geometry: Tensor  # (N, 9)
    subjects: Tensor  # (P,) int64, rows of objects
    objects: Tensor  # (P,) int64, rows of objects
    union_regions: Tensor  # (U, S) float16, pooled
    pair_union: Tensor  # (P,) int64, rows of union_regions
    pair_geometry: Tensor  # (P, 20)


def collate(regions: Regions, numbers: Sequence[int], chosen: Sequence[np.ndarray] | None = None) -> Batch:
    """Make a batch of the images with these numbers (positions in `regions.images`), on the device of `regions`.

    `chosen` (one array per image) restricts an image to some of its pairs, by their numbers within it, ascending.
    """
    images, device = regions.images, regions.device
    objects = [images.objects_of(number) for number in numbers]
    unions = [images.unions_of(number) for number in numbers]
    pairs = [
        _pair_rows(regions, number, chosen[place] if chosen else None) for place, number in enumerate(numbers)
    ]
    object_counts = [rows.stop - rows.start for rows in objects]
    pair_counts = [len(rows) for rows in pairs]
    first_object = np.repeat(_before(object_counts), pair_counts)
    first_union = np.repeat(_before([rows.stop - rows.start for rows in unions]), pair_counts)
    pair_rows = np.concatenate([np.zeros(0, np.int64), *pairs])
    sizes = np.repeat(np.tile(images.sizes[list(numbers)], 2), object_counts, axis=0)  # (N, 4)
    boxes = np.concatenate([np.zeros((0, 4), np.float32), *(images.boxes[rows] for rows in objects)])
    classes = np.concatenate([np.zeros(0, np.int64), *(images.class_ids[rows] for rows in objects)])
    subject_rows = torch.from_numpy(images.pairs[pair_rows, 0] + first_object)
    object_rows = torch.from_numpy(images.pairs[pair_rows, 1] + first_object)
    relative = torch.from_numpy((boxes / sizes).astype(np.float32))
    object_regions, union_regions = regions.batch(numbers)
    pair_union = images.pair_union[pair_rows] + first_union
    if chosen is not None:
        used, pair_union = np.unique(pair_union, return_inverse=True)
        union_regions = union_regions[moved(torch.from_numpy(used), device)]
    return Batch(
        object_counts=object_counts,
        object_padding=Padding.of(object_counts, device),
        pair_padding=Padding.of(pair_counts, device),
        classes=moved(torch.from_numpy(classes), device),
        object_regions=object_regions,
        object_geometry=moved(object_geometry(relative), device),
        subjects=moved(subject_rows, device),
        objects=moved(object_rows, device),
        union_regions=union_regions,
        pair_union=moved(torch.from_numpy(pair_union), device),
        pair_geometry=moved(pair_geometry(relative[subject_rows], relative[object_rows]), device),
    )


def _pair_rows(regions: Regions, number: int, chosen: np.ndarray | None) -> np.ndarray:
    rows = regions.images.pairs_of(number)
    return np.arange(rows.start, rows.stop) if chosen is None else rows.start + np.asarray(chosen, np.int64)


def _before(counts: Sequence[int]) -> np.ndarray:
    """How many rows lie before each image's first."""
    return np.cumsum([0, *counts])[:-1].astype(np.int64)
