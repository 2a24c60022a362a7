"""CLIP's embeddings of regions of many pictures, in batches that may span pictures; crops, cut on the device too."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from relclip.compute.device import moved
from relclip.compute.halving import Halving
from relclip.core.boxes import Boxes
from relclip.core.images import read_image
from relclip.core.params.ext import Resize
from relclip.encoder.crops import cut, pixel_boxes
from relclip.encoder.encoder import Encoder

#: Pillow's bicubic kernel: its parameter and its reach in output pixels.
SHARPNESS, REACH = -0.5, 2.0
#: Numbers of the largest array between the passes; more crops are cut one group after another.
AT_ONCE = 1 << 25
_HALVING = Halving("crops of a picture", "crop", "ext.batch")


def embed_regions(
    encoder: Encoder,
    regions: Iterable[tuple[Path | NDArray[np.uint8], Boxes]],
    batch: int,
    margin: float,
    where: Resize = "auto",
) -> NDArray[np.float32]:
    """Embeddings (N, D) of the boxes of each picture, one after another; a file without boxes is not decoded.

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
    regions: Iterable[tuple[Path | NDArray[np.uint8], Boxes]],
    size: int,
    margin: float,
    places: list[NDArray[np.int64]],
    squash: Callable[[NDArray[np.uint8], Boxes, int], Tensor],
) -> Iterator[Tensor]:
    """The distinct crops of each picture; `places` gets, for each box, the number of its crop among all of them."""
    made = 0
    for source, boxes in regions:
        if not len(boxes):
            continue
        picture = read_image(source) if isinstance(source, Path) else source
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


def cut_there(picture: NDArray[np.uint8], boxes: Boxes, size: int, device: torch.device) -> Tensor:
    """The crops that `relclip.encoder.crops.cut` makes of whole-pixel boxes, made on `device`, where they stay.

    Pillow's antialiased bicubic resize as two matrix products: each axis has a matrix of weights of its own, a row an
    output pixel; columns come first, and both passes round to whole numbers, as torch's resize of bytes does, which
    makes the crops on a CPU. A pixel differs from that by one level of 255, seldom two, by 0.002 in the mean; from
    Pillow's own by 0.01, and by up to 8 at hard edges of a crop that is widened one way and narrowed the other, where
    Pillow takes the rows first (either way's differences are the same there).
    """
    pixels = moved(torch.from_numpy(picture), device)
    places = moved(torch.from_numpy(boxes.astype(np.int64)), device)
    return torch.cat(_HALVING(lambda part: cut_on_device(pixels, part, size), places))


@torch.no_grad()
def cut_on_device(picture: Tensor, boxes: Tensor, size: int) -> Tensor:
    """Crops of one picture: (H, W, 3) uint8, boxes (N, 4) whole xyxy pixels inside it -> (N, 3, size, size) uint8."""
    height, width = picture.shape[:2]
    together = max(1, AT_ONCE // (height * size * 3))
    pixels = picture.float().reshape(height, width, 3).permute(0, 2, 1)  # (H, 3, W)
    return torch.cat([_cut(pixels, part, size) for part in boxes.split(together)])


def _cut(pixels: Tensor, boxes: Tensor, size: int) -> Tensor:
    height, _, width = pixels.shape
    across = axis_matrix(boxes[:, 0], boxes[:, 2], width, size)  # (N, size, W)
    down = axis_matrix(boxes[:, 1], boxes[:, 3], height, size)  # (N, size, H)
    narrow = _whole(pixels.reshape(-1, width) @ across.reshape(-1, width).T)  # (H * 3, N * size)
    narrow = narrow.reshape(height, 3, len(boxes), size).permute(2, 0, 1, 3)  # (N, H, 3, size)
    squashed = _whole(down @ narrow.reshape(len(boxes), height, -1))  # (N, size, 3 * size)
    return squashed.reshape(len(boxes), size, 3, size).permute(0, 2, 1, 3).to(torch.uint8)


def axis_matrix(low: Tensor, high: Tensor, length: int, size: int) -> Tensor:
    """How much each of `length` pixels counts in each of `size` output pixels of [low, high): (N, size, length).

    low, high: (N,) whole numbers. Pixels outside of the crop count nothing: a crop knows nothing beyond its rim.
    """
    pixel = torch.arange(length, device=low.device, dtype=torch.float32)
    place = torch.arange(size, device=low.device, dtype=torch.float32) + 0.5
    scale = (high - low).float() / size
    wider = scale.clamp(min=1.0)[:, None, None]  # making smaller, the kernel covers what falls into one pixel
    centre = low[:, None].float() + place * scale[:, None]  # (N, size)
    weights = _bicubic((pixel + 0.5 - centre[..., None]) / wider)
    weights = weights * ((pixel >= low[:, None]) & (pixel < high[:, None]))[:, None]
    return weights / weights.sum(dim=2, keepdim=True)


def _bicubic(distance: Tensor) -> Tensor:
    x, a = distance.abs(), SHARPNESS
    near = ((a + 2) * x - (a + 3)) * x * x + 1
    far = (((x - 5) * x + 8) * x - 4) * a
    return torch.where(x < 1, near, torch.where(x < REACH, far, 0.0))


def _whole(values: Tensor) -> Tensor:
    return (values + 0.5).floor_().clamp_(0, 255)
