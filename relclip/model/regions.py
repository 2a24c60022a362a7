"""Pooled features of every object and every union box. Maps and boxes never change, so each is pooled once."""

from collections.abc import Callable, Sequence
from typing import TypeVar
from weakref import WeakSet

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from relclip.compute.device import memory_to_keep, moved
from relclip.compute.halving import free_what_is_left
from relclip.core.boxes import Boxes
from relclip.core.errors import is_out_of_memory
from relclip.core.process import say
from relclip.model.image_set import ImageSet
from relclip.model.pooled import PooledFile

#: Pooled features are kept in the CPU's memory up to this many bytes, beyond it they are pooled again each time. On a
#: GPU `memory_to_keep` says.
MEMORY = 4 << 30
#: Maps copied to a GPU at once.
MAPS_AT_ONCE = 512

Result = TypeVar("Result")


class Regions:
    """f_ROI of RelCLIP eq. 1 over an image set: one float16 row per box, S = roi_size ** 2 * C numbers.

    An image is pooled when it is first asked for and kept if the whole set fits in `memory` bytes; both orders of a
    pair share one union box. Rounding to float16 happens either way, so the answer never depends on the memory. The
    maps themselves lie on a GPU where `memory_to_keep` holds them; else each is sent when it is asked for. Both are
    given back, for good, where memory does not suffice for something else (`with_room`).
    """

    def __init__(
        self,
        images: ImageSet,
        roi_size: int,
        device: torch.device,
        memory: int | None = None,
        *,
        shared: bool = True,
    ) -> None:
        """`shared`: whether other processes read on a CPU what this one pools (`PooledFile`)."""
        self.images = images
        self.roi_size = roi_size
        self.device = device
        self.width = roi_size**2 * images.maps.shape[3]
        rows = len(images.boxes) + len(images.unions)
        self._kept: dict[int, Tensor] = {}
        on_gpu = device.type == "cuda"
        self._maps = resident(images, device, memory_to_keep(device)) if on_gpu else None
        if memory is None:
            memory = memory_to_keep(device) if on_gpu else MEMORY
        self.keeps = rows * self.width * 2 <= memory
        self._file = PooledFile.of(images, roi_size, self.width) if shared and not on_gpu else None
        _LIVE.add(self)

    def batch(self, numbers: Sequence[int]) -> tuple[Tensor, Tensor]:
        """Return the pooled objects (N, S) and union boxes (U, S), float16, of images, one after another."""
        found = {image: rows for image in numbers if (rows := self._kept.get(image)) is not None}
        missing = [image for image in dict.fromkeys(numbers) if image not in found]
        found |= zip(missing, self._known(missing), strict=True)
        if self.keeps:
            self._kept.update((image, found[image]) for image in missing)
        counts = [rows.stop - rows.start for rows in map(self.images.objects_of, numbers)]
        pooled = [(found[image], count) for image, count in zip(numbers, counts, strict=True)]
        objects, unions = [rows[:count] for rows, count in pooled], [rows[count:] for rows, count in pooled]
        return self._join(objects), self._join(unions)

    def give_back(self) -> bool:
        """Forget what is kept, and keep nothing from now on; whether there was anything."""
        had = bool(self._kept) or self._maps is not None
        self.keeps, self._maps = False, None
        self._kept.clear()
        return had

    def _join(self, pooled: list[Tensor]) -> Tensor:
        return (
            torch.cat(pooled)
            if pooled
            else torch.zeros(0, self.width, dtype=torch.float16, device=self.device)
        )

    def _known(self, numbers: Sequence[int]) -> list[Tensor]:
        if self._file is None:
            return self._pool(numbers)
        read = {image: rows for image in numbers if (rows := self._file.read(image)) is not None}
        missing = [image for image in numbers if image not in read]
        for image, pooled in zip(missing, self._pool(missing), strict=True):
            self._file.write(image, pooled)
            read[image] = pooled
        return [read[image] for image in numbers]

    @torch.no_grad()
    def _pool(self, numbers: Sequence[int]) -> list[Tensor]:
        """The rows of each image. How much each cell counts is computed of all at once: a GPU waits for launches."""
        images, shape = self.images, self.images.maps.shape[1:3]
        cells = [
            in_cells(
                np.concatenate([images.boxes[objects], images.unions[unions]]), images.sizes[image], shape
            )
            for image in numbers
            for objects, unions in [(images.objects_of(image), images.unions_of(image))]
        ]
        if not sum(map(len, cells)):
            return [self._join([]) for _ in numbers]
        boxes = moved(torch.from_numpy(np.concatenate(cells)), self.device)
        weights = [
            part.split([len(one) for one in cells]) for part in cell_weights(boxes, shape, self.roi_size)
        ]
        return [
            weighted_cells(self._map(image), *own).flatten(1).half()
            for image, *own in zip(numbers, *weights, strict=True)
        ]

    def _map(self, image: int) -> Tensor:
        resident_maps = self._maps
        if resident_maps is not None:
            return resident_maps[image].float()
        map_ = np.array(self.images.maps[self.images.map_rows[image]])
        return moved(torch.from_numpy(map_), self.device).float()


#: All that may hold memory.
_LIVE: WeakSet[Regions] = WeakSet()


def with_room(function: Callable[[], Result]) -> Result:
    """`function()`; where memory does not suffice, once more without what the regions of this process keep.

    Raises what `function` raised where nothing was kept.
    """
    try:
        return function()
    except Exception as error:
        if not is_out_of_memory(error) or not sum(regions.give_back() for regions in list(_LIVE)):
            raise
    free_what_is_left()  # outside of the except clause, whose traceback keeps the tensors alive
    say("out of memory; going on without kept regions, which is slower")
    return function()


def in_cells(boxes: Boxes, size: NDArray[np.float32], cells: tuple[int, ...]) -> Boxes:
    """Boxes in pixels of an image of `size` (width, height) -> in cells of its map (height, width); (K, 4)."""
    height, width = cells
    return (boxes * np.tile(np.array([width, height], np.float32) / size, 2)).astype(np.float32)


def resident(images: ImageSet, device: torch.device, memory: int) -> Tensor | None:
    """The maps of all images on `device`, (I, h, w, C), if they take at most `memory` bytes; none otherwise."""
    if len(images) * images.maps[:1].nbytes > memory:
        return None
    there = torch.empty((len(images), *images.maps.shape[1:]), dtype=torch.float16, device=device)
    for first in range(0, len(images), MAPS_AT_ONCE):
        rows = images.map_rows[first : first + MAPS_AT_ONCE]
        there[first : first + len(rows)] = moved(torch.from_numpy(images.maps[rows]), device)
    return there


#: Sampling points per bin and axis, torchvision's `sampling_ratio`.
SAMPLING_RATIO = 2


def roi_align(map_: Tensor, boxes: Tensor, size: int, sampling_ratio: int = SAMPLING_RATIO) -> Tensor:
    """Pool the boxes of one image from its map: f_ROI of RelCLIP eq. 1, torchvision's `roi_align(aligned=True)`.

    Bilinear weights are a product of a weight along y and one along x, and so is their mean over a regular grid of
    sampling points: two small matrix products instead of a gather of four corners per point.

    map_: (h, w, C) float; boxes: (K, 4) float32, xyxy in cells of the map (pixels x w / width, pixels x h / height).
    Returns (K, size, size, C): row, column, channel; torchvision's (K, C, row, column) with the channel moved last.
    """
    rows, columns = cell_weights(boxes, map_.shape[:2], size, sampling_ratio)
    return weighted_cells(map_, rows.to(map_.dtype), columns.to(map_.dtype))


def cell_weights(
    boxes: Tensor, cells: Sequence[int], size: int, sampling_ratio: int = SAMPLING_RATIO
) -> tuple[Tensor, Tensor]:
    """How much each row and each column of cells counts in those of the bins: (K, size, h), (K, size, w)."""
    height, width = cells
    rows = axis_weights(boxes[:, 1], boxes[:, 3], height, size, sampling_ratio)
    return rows, axis_weights(boxes[:, 0], boxes[:, 2], width, size, sampling_ratio)


def weighted_cells(map_: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """The cells of a map (h, w, C) summed up by `cell_weights`: (K, size, size, C)."""
    height, width, channels = map_.shape
    by_row = rows.reshape(-1, height) @ map_.reshape(height, width * channels)
    return columns[:, None] @ by_row.reshape(*rows.shape[:2], width, channels)


def axis_weights(low: Tensor, high: Tensor, cells: int, size: int, sampling_ratio: int) -> Tensor:
    """How much each of `cells` cells counts in each of `size` bins between `low` and `high`: (K, size, cells).

    low, high: (K,) in cells; cell c has its centre at c + 0.5 (torchvision's `aligned`). A sampling point more than
    one cell outside the map counts nothing; one at its rim reads the outermost cell.
    """
    points = size * sampling_ratio
    steps = (torch.arange(points, device=low.device, dtype=low.dtype) + 0.5) / points
    position = low[:, None] - 0.5 + (high - low)[:, None] * steps  # (K, points)
    inside = (position >= -1) & (position <= cells)
    position = position.clamp(0, cells - 1)
    distance = position[..., None] - torch.arange(cells, device=low.device, dtype=low.dtype)
    weights = (1 - distance.abs()).clamp(min=0) * inside[..., None]  # (K, points, cells)
    return weights.reshape(-1, size, sampling_ratio, cells).mean(dim=2)
