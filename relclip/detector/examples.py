"""What each step sees: pictures and boxes, mirrored by chance; the seed and the step alone decide."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from relclip.compute.schedule import batch_numbers
from relclip.core.annotations import Annotations
from relclip.core.seeds import stream
from relclip.detector.pictures import Picture, Pictures

Example = tuple[Picture, dict[str, Tensor]]
#: The share of pictures that are mirrored. Which relations hold plays no role for the detector.
MIRRORED = 0.5


@dataclass(frozen=True)
class Examples:
    """The pictures to learn from, with their objects."""

    pictures: Pictures
    annotations: Annotations
    numbers: NDArray[np.int64]  # images with at least one object
    seed: int

    def batch(self, step: int, size: int) -> list[Example]:
        """The examples of `step` (from 0): shuffled epochs, one after another."""
        random = stream(self.seed, "detector", "mirror", step)
        numbers = batch_numbers(self.seed, step, len(self.numbers), size, "detector")
        mirrored = random.random(size) < MIRRORED
        return [
            self._example(int(self.numbers[number]), flip)
            for number, flip in zip(numbers, mirrored.tolist(), strict=True)
        ]

    def _example(self, number: int, flip: bool) -> Example:
        picture, rows = self.pictures[number], self.annotations.rows(number)
        boxes = torch.from_numpy(self.annotations.boxes[rows]) * picture.scale
        pixels = picture.pixels
        if flip:
            pixels, boxes = mirror(pixels, boxes)
        labels = torch.from_numpy(self.annotations.class_id[rows])
        return Picture(pixels, picture.width, picture.height), {"boxes": boxes, "labels": labels}


def mirror(pixels: Tensor, boxes: Tensor) -> tuple[Tensor, Tensor]:
    """Left becomes right: pixels (3, h, w), boxes (N, 4) xyxy in these pixels."""
    width = pixels.shape[2]
    x1, y1, x2, y2 = boxes.unbind(1)
    return pixels.flip(2), torch.stack([width - x2, y1, width - x1, y2], dim=1)


def with_objects(annotations: Annotations, split: str) -> NDArray[np.int64]:
    """Numbers of the images of `split` that have at least one object."""
    some = np.diff(annotations.first) > 0
    return np.flatnonzero((annotations.split == split) & some)
