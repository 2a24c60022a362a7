"""BiLSTM contexts over the objects of each image, read from left to right (Motif, docs/method.md, 7)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence


@dataclass(frozen=True, eq=False)
class Reading:
    """In which order the N objects of a batch are read: all first ones of the images, all second ones, ..."""

    order: Tensor  # (N,) rows, as a packed sequence holds them
    inverse: Tensor  # (N,) where each row is in `order`
    batch_sizes: Tensor  # (T,) int64 on the CPU: images that have a t-th object

    @classmethod
    def by_centre(cls, centre_x: Tensor, counts: Sequence[int]) -> "Reading":
        """Objects of an image by the centre x of their boxes, (N,); equal ones as they stand. `counts`: of images."""
        image = torch.from_numpy(np.repeat(np.arange(len(counts)), counts)).to(centre_x.device)
        rows = torch.argsort(centre_x, stable=True)
        rows = rows[torch.argsort(image[rows], stable=True)]
        packed, batch_sizes = _packed(np.array(counts, np.int64))
        order = rows[torch.from_numpy(packed).to(rows.device)]
        inverse = torch.empty_like(order)
        inverse[order] = torch.arange(len(order), device=order.device)
        return cls(order, inverse, torch.from_numpy(batch_sizes))


def _packed(counts: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows (image after image) in the order of torch's packed sequences, longest image first; sizes of the steps."""
    first = np.cumsum(counts) - counts
    longest = np.argsort(-counts, kind="stable")
    steps = np.arange(counts.max(initial=0))
    there = steps[:, None] < counts[longest][None]  # (T, B)
    return (steps[:, None] + first[longest][None])[there], there.sum(axis=1)


class Context(nn.Module):
    """One biLSTM layer: (N, inputs) -> (N, D), D / 2 numbers from each side."""

    def __init__(self, inputs: int, dimension: int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(inputs, dimension // 2, bidirectional=True)

    def forward(self, rows: Tensor, reading: Reading) -> Tensor:
        """Read the rows in the order of `reading`; the answer, float32, is in the order of the rows."""
        if not len(rows):
            return rows.new_zeros(0, 2 * self.lstm.hidden_size, dtype=torch.float32)
        # autocast runs cuDNN's LSTMs in float16 whatever it was asked for, and then refuses to join that to bfloat16
        with torch.autocast(rows.device.type, enabled=False):
            ordered = rows.float().index_select(0, reading.order)
            read, _ = self.lstm(PackedSequence(ordered, reading.batch_sizes))
        return read.data.index_select(0, reading.inverse)
