"""The adaptors h_obj and h_rel of RelCLIP eq. 1: one fully connected layer, two multi-head attention layers.

Rows of all images of a batch lie one after another (packed). Attention alone sees them padded, images of about one
length together, with the padding masked; every other layer computes nothing for padding.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from relclip.compute.device import moved

ATTENTION_LAYERS = 2
#: Images are padded together while the shortest has at least this share of the longest's rows.
SHORTEST_SHARE = 0.75


@dataclass(frozen=True, eq=False)
class Padding:
    """Where the N packed rows of a batch lie once padded, group of images after group: M rows in all."""

    places: Tensor  # (N,) rows of the M
    sources: Tensor  # (M,) rows of the N; 0 in padding
    shapes: list[tuple[int, int]]  # of each group: images B, rows T of its longest; sum of B * T is M
    # of each group: (B, 1, 1, T) true where there is a row, None where all are full
    masks: list[Tensor | None]

    @classmethod
    def of(cls, counts: Sequence[int], device: torch.device) -> "Padding":
        """`counts`: rows of each image; images without rows take no part."""
        count = np.array(counts, np.int64)
        first_row = np.cumsum(count) - count
        packed, padded, shapes, masks, rows = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)], [], [], 0
        for images in _groups(count):
            there = np.arange(count[images].max()) < count[images][:, None]  # (B, T)
            packed.append((first_row[images][:, None] + np.arange(there.shape[1]))[there])
            padded.append(rows + np.flatnonzero(there))
            shapes.append((len(images), there.shape[1]))
            masks.append(None if there.all() else moved(torch.from_numpy(there[:, None, None]), device))
            rows += there.size
        places = np.empty(count.sum(), np.int64)
        places[np.concatenate(packed)] = np.concatenate(padded)
        sources = np.zeros(rows, np.int64)
        sources[places] = np.arange(len(places))
        there, back = (moved(torch.from_numpy(rows_of), device) for rows_of in (places, sources))
        return cls(there, back, shapes, masks)


def _groups(count: np.ndarray) -> list[np.ndarray]:
    """Images with rows, longest first, parted where the next is too short to be padded with those before."""
    order = np.argsort(-count, kind="stable")
    groups: list[list[int]] = []
    for image in order[count[order] > 0]:
        if not groups or count[image] < SHORTEST_SHARE * count[groups[-1][0]]:
            groups.append([])
        groups[-1].append(int(image))
    return [np.array(group) for group in groups]


class Attention(nn.Module):
    """One multi-head self-attention layer over the rows of each image, with residual and layer norm after it (D6).

    The norm comes last so that v^r and v_j, which eq. 2 subtracts, are of one scale.
    """

    def __init__(self, dimension: int, heads: int, dropout: float) -> None:
        super().__init__()
        if dimension % heads:
            raise ValueError(f"{heads} heads do not divide the dimension {dimension}")
        self.heads = heads
        self.query_key_value = nn.Linear(dimension, 3 * dimension)
        self.output = nn.Linear(dimension, dimension)
        self.dropout = nn.Dropout(dropout)
        self.norm = nn.LayerNorm(dimension)

    def forward(self, rows: Tensor, padding: Padding) -> Tensor:
        """rows: (N, D) -> (N, D)."""
        # (M, 3 D); what stands in padding is masked
        padded = self.query_key_value(rows).index_select(0, padding.sources)
        groups = padded.split([images * longest for images, longest in padding.shapes])
        mixed = torch.cat(
            [self._group(*group) for group in zip(groups, padding.shapes, padding.masks, strict=True)]
        )
        return self.norm(rows + self.dropout(self.output(mixed.index_select(0, padding.places))))

    def _group(self, padded: Tensor, shape: tuple[int, int], mask: Tensor | None) -> Tensor:
        # (B, H, T, D / H) each
        query, key, value = padded.view(*shape, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        mixed = functional.scaled_dot_product_attention(query, key, value, mask)
        return mixed.transpose(1, 2).flatten(2).flatten(0, 1)  # (B * T, D)


class AttentionStack(nn.Module):
    """The two attention layers of an adaptor."""

    def __init__(self, dimension: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.layers = nn.ModuleList(Attention(dimension, heads, dropout) for _ in range(ATTENTION_LAYERS))

    def forward(self, rows: Tensor, padding: Padding) -> Tensor:
        """rows: (N, D) -> (N, D)."""
        if not padding.shapes:
            return rows
        for layer in self.layers:
            rows = layer(rows, padding)
        return rows
