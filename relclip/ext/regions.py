"""CLIP's embeddings of regions of many pictures, in batches that may span pictures."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from relclip.core.boxes import Boxes
from relclip.core.images import read_image
from relclip.core.params.ext import Resize
from relclip.encoder.crops import cut, pixel_boxes
from relclip.encoder.encoder import Encoder
from relclip.ext.device_crops import cut_there


def embed_regions(
    encoder: Encoder,
    regions: Iterable[tuple[Path, Boxes]],
    batch: int,
    margin: float,
    where: Resize = "auto",
) -> NDArray[np.float32]:
    """Embeddings (N, D) of the boxes of each picture, one after another; a picture without boxes is not decoded.

    Boxes of a picture that cover the same pixels are embedded once: a union often is the larger of its two boxes.
    where: crops are cut and squashed, `ext.resize`.
    """
    on_device = where == "device" or (where == "auto" and encoder.device.type == "cuda")
    squash = partial(cut_there, device=encoder.device) if on_device else cut
    places: list[NDArray[np.int64]] = []
    crops = _crops(regions, encoder.image_size, margin, places, squash)
    embeddings = [encoder.encode_images(group).cpu() for group in _batches(crops, batch)]
    if not embeddings:
        return np.zeros((0, encoder.dimension), np.float32)
    return torch.cat(embeddings).numpy()[np.concatenate(places)]


def _crops(
    regions: Iterable[tuple[Path, Boxes]],
    size: int,
    margin: float,
    places: list[NDArray[np.int64]],
    squash: Callable[[NDArray[np.uint8], Boxes, int], Tensor],
) -> Iterator[Tensor]:
    """The distinct crops of each picture; `places` gets, for each box, the number of its crop among all of them."""
    made = 0
    for path, boxes in regions:
        if not len(boxes):
            continue
        picture = read_image(path)
        height, width = picture.shape[:2]
        pixels = pixel_boxes(boxes, width, height, margin)
        distinct, place = np.unique(pixels, axis=0, return_inverse=True)
        places.append(place.reshape(-1) + made)
        made += len(distinct)
        yield squash(picture, distinct.astype(np.float32), size)


def _batches(crops: Iterable[Tensor], batch: int) -> Iterator[Tensor]:
    """The same crops, `batch` at a time, the last ones fewer."""
    waiting: list[Tensor] = []
    for some in crops:
        waiting.append(some)
        if sum(map(len, waiting)) >= batch:
            *full, rest = torch.cat(waiting).split(batch)
            yield from full
            waiting = [rest]
    if waiting:
        yield torch.cat(waiting)
