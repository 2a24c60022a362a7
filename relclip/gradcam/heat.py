"""Grad-CAM (Selvaraju et al. 2017, equations 1 and 2): where CLIP looks, and where RelCLIP does, on one grid.

CLIP: the cosine of the pair's union crop and the triplet's prompt. RelCLIP: the logit of a pair's predicate, through
pooling and network, back to the frozen map V(I).
"""

import math
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from relclip.core.boxes import Boxes
from relclip.encoder.crops import cut
from relclip.encoder.encoder import Encoder
from relclip.model import Batch, ImageSet, Model, Regions, collate, roi_align
from relclip.model.regions import in_cells

Heat = NDArray[np.float32]


def grad_cam(states: Tensor, gradient: Tensor) -> Tensor:
    """ReLU(sum_k a_k A_k), a_k the mean over all places of d target / d A_k.

    states: A, (..., C) one row a place; gradient: (..., C) of the target with respect to them -> (...).
    """
    weights = gradient.flatten(0, -2).mean(dim=0)  # (C,)
    return (states @ weights).relu()


def spread(heat: Tensor, box: Tensor, shape: tuple[int, int]) -> Tensor:
    """Lay heat over a part of the picture onto the grid of the whole: the mean heat in each cell, 0 outside the box.

    heat: (rows, columns) over `box`: (4,) xyxy in cells of the grid of `shape` (h, w) -> (h, w).
    """
    rows = _shares(box[1], box[3], heat.shape[0], shape[0])
    columns = _shares(box[0], box[2], heat.shape[1], shape[1])
    return rows @ heat @ columns.T


def _shares(low: Tensor, high: Tensor, parts: int, cells: int) -> Tensor:
    """(cells, parts) how much of each cell, of length 1, each of the equal parts from `low` to `high` covers."""
    edges = low + (high - low) * torch.linspace(0, 1, parts + 1)
    cell = torch.arange(cells)[:, None]
    return (torch.minimum(edges[1:], cell + 1) - torch.maximum(edges[:-1], cell)).clamp(min=0)


def largest_one(heat: Tensor) -> Heat:
    """The same heat with a largest value of 1; no heat stays none."""
    largest = heat.max()
    return (heat / largest if largest > 0 else torch.zeros_like(heat)).numpy().astype(np.float32)


def clip_heat(encoder: Encoder, picture: NDArray[np.uint8], box: Boxes, text: Tensor) -> Tensor:
    """Heat over `box`, (n, n) patches, of the crop's cosine with `text`.

    picture: (H, W, 3); box: (4,) xyxy pixels; text: (D,), length 1. The crop, as in EXT, and not the whole picture
    (D32): RelCLIP sees no more either, so that a difference is in what is looked at and not in what was shown. The
    states are those that enter the last block: with class-token pooling the patches that leave it have no gradient.
    """
    states, embedding = encoder.last_states(cut(picture, box[None], encoder.image_size))
    (gradient,) = torch.autograd.grad(embedding[0] @ text, states)
    heat = grad_cam(states.detach()[0, 1:], gradient[0, 1:])
    side = math.isqrt(len(heat))
    return heat.reshape(side, side)


def relation_heat(network: Model, images: ImageSet, number: int, pair: int, predicate: int) -> Tensor:
    """Heat (h, w) of predicate id `predicate` for pair number `pair` of image number `number`, given its labels.

    The network sees all pairs of the picture, as it does when it predicts. What lies outside the pair's union box is
    0 (D33): RoIAlign does not read it, while Grad-CAM, whose weights are of whole channels, would light up whatever
    looks alike there.
    """
    map_ = torch.from_numpy(images.maps[images.map_rows[number]].astype(np.float32)).requires_grad_()
    logits = network(batch_from(map_, network, images, number), "given").predicate_logits
    (gradient,) = torch.autograd.grad(logits[pair, predicate], map_)
    heat = grad_cam(map_.detach(), gradient)
    union = images.unions[images.unions_of(number)][images.pair_union[images.pairs_of(number)][pair]]
    cells = torch.from_numpy(in_cells(union, images.sizes[number], heat.shape))
    return heat * spread(torch.ones(1, 1), cells, (heat.shape[0], heat.shape[1]))


def batch_from(map_: Tensor, network: Model, images: ImageSet, number: int) -> Batch:
    """The batch of one image with regions pooled from `map_`, (h, w, C), so that a gradient flows back to it.

    The same numbers as `collate`'s, which stop gradients, but for the rounding to float16.
    """

    def pooled(boxes: Boxes) -> Tensor:
        cells = torch.from_numpy(in_cells(boxes, images.sizes[number], map_.shape[:2]))
        return roi_align(map_, cells, network.config.roi_size).flatten(1)

    regions = Regions(images, network.config.roi_size, map_.device, memory=0)
    return replace(
        collate(regions, [number]),
        object_regions=pooled(images.boxes[images.objects_of(number)]),
        union_regions=pooled(images.unions[images.unions_of(number)]),
    )
