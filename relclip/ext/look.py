"""CLIP looks at crops: embeddings of regions of many pictures, in batches that may span pictures."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from relclip.core.boxes import Boxes
from relclip.core.crops import cut
from relclip.core.encoder import Encoder
from relclip.core.images import read_image


def look(
    encoder: Encoder, regions: Iterable[tuple[Path, Boxes]], batch: int, margin: float
) -> NDArray[np.float32]:
    """Embeddings (N, D) of the boxes of each picture, one after another; a picture without boxes is not decoded."""
    crops = _crops(regions, encoder.image_size, margin)
    pieces = [encoder.encode_images(piece).cpu() for piece in _batches(crops, batch)]
    return torch.cat(pieces).numpy() if pieces else np.zeros((0, encoder.dimension), np.float32)


def _crops(regions: Iterable[tuple[Path, Boxes]], size: int, margin: float) -> Iterator[Tensor]:
    for path, boxes in regions:
        if len(boxes):
            yield cut(read_image(path), boxes, size, margin)


def _batches(crops: Iterable[Tensor], batch: int) -> Iterator[Tensor]:
    """The same crops in pieces of exactly `batch`, the last one smaller."""
    waiting: list[Tensor] = []
    for piece in crops:
        waiting.append(piece)
        if sum(map(len, waiting)) >= batch:
            *full, rest = torch.cat(waiting).split(batch)
            yield from full
            waiting = [rest]
    if waiting:
        yield torch.cat(waiting)
