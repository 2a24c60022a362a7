"""Pictures at the detector's size: read once and kept where all of them fit into memory, else read anew each time."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from relclip.compute.device import moved
from relclip.core.images import read_image

#: All pictures of a split together may take this many bytes.
ROOM = 2 << 30


@dataclass(frozen=True)
class Picture:
    """pixels: (3, h, w) uint8, the longest side of the detector's size; width, height: as in the file."""

    pixels: Tensor
    width: int
    height: int

    @property
    def scale(self) -> Tensor:
        """(4,) what boxes in the file's pixels are multiplied with."""
        across, down = self.pixels.shape[2] / self.width, self.pixels.shape[1] / self.height
        return torch.tensor([across, down, across, down])


class Pictures:
    """Files by their number, shrunk (antialiased) or enlarged to a longest side of `size`."""

    def __init__(self, files: Sequence[Path], size: int, room: int = ROOM) -> None:
        self._files, self._size = files, size
        self._keep = len(files) * 3 * size * size <= room
        self._kept: dict[int, Picture] = {}

    def __getitem__(self, number: int) -> Picture:
        """Picture `number`. Raises InputError as `read_image` does."""
        if number in self._kept:
            return self._kept[number]
        picture = at_size(read_image(self._files[number]), self._size)
        if self._keep:
            self._kept[number] = picture
        return picture


def at_size(image: NDArray[np.uint8], size: int) -> Picture:
    """A decoded picture, (H, W, 3) uint8, with its longest side shrunk or enlarged to `size`."""
    height, width = image.shape[:2]
    return Picture(shrink(torch.from_numpy(image), size), width, height)


def shrink(pixels: Tensor, size: int) -> Tensor:
    """(H, W, 3) uint8 -> (3, h, w) uint8 with the longest side `size`, sides in proportion, at least one pixel."""
    height, width = pixels.shape[:2]
    sides = [max(1, int(np.floor(side * size / max(height, width) + 0.5))) for side in (height, width)]
    planes = pixels.permute(2, 0, 1)[None]
    return F.interpolate(planes, size=sides, mode="bilinear", antialias=True)[0].contiguous()


def as_input(picture: Picture, device: torch.device) -> Tensor:
    """What Faster R-CNN takes: (3, h, w) float32 in 0..1."""
    return moved(picture.pixels, device).float() / 255
