"""The adaptors h_obj and h_rel of RelCLIP eq. 1: one fully connected layer, two multi-head attention layers.

Rows of all images of a batch lie one after another (packed); attention sees the rows of one image at a time. No
padding, so no mask is needed and an uneven batch costs nothing extra.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

ATTENTION_LAYERS = 2


class Attention(nn.Module):
    """One multi-head self-attention layer over the rows of each image, with residual and layer norm after it (D).

    The norm comes last so that v^r and v_j, which eq. 2 subtracts, are of one scale.
    """

    def __init__(self, dimension: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.query_key_value = nn.Linear(dimension, 3 * dimension)
        self.output = nn.Linear(dimension, dimension)
        self.dropout = nn.Dropout(dropout)
        self.norm = nn.LayerNorm(dimension)

    def forward(self, rows: Tensor, counts: Sequence[int]) -> Tensor:
        """rows: (N, D), counts: rows of each image, sum N -> (N, D)."""
        split = (
            self.query_key_value(rows).unflatten(1, (3, self.heads, -1)).permute(1, 2, 0, 3)
        )  # (3, H, N, D / H)
        pieces = [
            functional.scaled_dot_product_attention(query[None], key[None], value[None])[0]
            for query, key, value in split.split(list(counts), dim=2)
        ]
        mixed = torch.cat(pieces, dim=1).transpose(0, 1).flatten(1)  # (N, D)
        return self.norm(rows + self.dropout(self.output(mixed)))


class AttentionStack(nn.Module):
    """The two attention layers of an adaptor."""

    def __init__(self, dimension: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.layers = nn.ModuleList(Attention(dimension, heads, dropout) for _ in range(ATTENTION_LAYERS))

    def forward(self, rows: Tensor, counts: Sequence[int]) -> Tensor:
        """rows: (N, D), counts: rows of each image, sum N -> (N, D)."""
        counts = [count for count in counts if count]
        if not counts:
            return rows
        for layer in self.layers:
            rows = layer(rows, counts)
        return rows
