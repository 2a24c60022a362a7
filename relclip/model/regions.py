"""Pooled features of every object and every union box. Maps and boxes never change, so each is pooled once."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from relclip.compute.device import free_memory, moved
from relclip.core.boxes import Boxes
from relclip.model.image_set import ImageSet
from relclip.model.roi import roi_align

#: Pooled features are kept in the CPU's memory up to this many bytes, beyond it they are pooled again each time. On a
#: GPU the bound is half of what is free there.
MEMORY = 2 << 30
#: Maps copied to a GPU at once.
MAPS_AT_ONCE = 512


class Regions:
    """f_ROI of RelCLIP eq. 1 over an image set: one float16 row per box, S = roi_size ** 2 * C numbers.

    An image is pooled when it is first asked for and kept if the whole set fits in `memory` bytes; both orders of a
    pair share one union box. Rounding to float16 happens either way, so the answer never depends on the memory. The
    maps themselves lie on a GPU where half of its free memory holds them; else each is sent when it is asked for.
    """

    def __init__(
        self, images: ImageSet, roi_size: int, device: torch.device, memory: int | None = None
    ) -> None:
        self.images = images
        self.roi_size = roi_size
        self.device = device
        self.width = roi_size**2 * images.maps.shape[3]
        rows = len(images.boxes) + len(images.unions)
        self._kept: dict[int, Tensor] = {}
        on_gpu = device.type == "cuda"
        self._maps = resident(images, device, free_memory(device) // 2) if on_gpu else None
        if memory is None:
            memory = free_memory(device) // 2 if on_gpu else MEMORY
        self.keeps = rows * self.width * 2 <= memory

    def __call__(self, image: int) -> tuple[Tensor, Tensor]:
        """Return the pooled objects (N, S) and union boxes (U, S), float16, of image number `image`."""
        pooled = self._kept.get(image)
        if pooled is None:
            pooled = self._pool(image)
            if self.keeps:
                self._kept[image] = pooled
        objects = self.images.objects_of(image)
        return pooled[: objects.stop - objects.start], pooled[objects.stop - objects.start :]

    def batch(self, numbers: Sequence[int]) -> tuple[Tensor, Tensor]:
        """Return the pooled objects and union boxes of several images, one image after another."""
        parts = [self(image) for image in numbers]
        return self._join([objects for objects, _ in parts]), self._join([unions for _, unions in parts])

    def _join(self, parts: list[Tensor]) -> Tensor:
        return (
            torch.cat(parts) if parts else torch.zeros(0, self.width, dtype=torch.float16, device=self.device)
        )

    @torch.no_grad()
    def _pool(self, image: int) -> Tensor:
        images = self.images
        boxes = np.concatenate(
            [images.boxes[images.objects_of(image)], images.unions[images.unions_of(image)]]
        )
        if not len(boxes):
            return self._join([])
        map_ = self._map(image)
        cells = moved(torch.from_numpy(in_cells(boxes, images.sizes[image], map_.shape[:2])), self.device)
        return roi_align(map_, cells, self.roi_size).flatten(1).half()

    def _map(self, image: int) -> Tensor:
        if self._maps is not None:
            return self._maps[image].float()
        map_ = np.array(self.images.maps[self.images.map_rows[image]])
        return moved(torch.from_numpy(map_), self.device).float()


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
