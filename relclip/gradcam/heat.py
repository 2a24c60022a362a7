"""Grad-CAM (Selvaraju et al. 2017, equations 1 and 2) and the grid on which heat is shown."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

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
