"""What a step looks at: its images, their pairs, and which of these enter the losses. No tensor, no device."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from relclip.compute.schedule import batch_numbers
from relclip.core.params.train import Train
from relclip.model import Batch, Regions, collate
from relclip.train.labels import LEFT_OUT
from relclip.train.schedule import choose_background, choose_foreground
from relclip.train.targets import Targets, Teacher


@dataclass(frozen=True, eq=False)
class Drawn:
    """B images with P pairs, of which L labelled ones and K others were drawn."""

    images: NDArray[np.int64]  # (B,) numbers in the set
    pairs: NDArray[np.int64]  # (P,) numbers in the set, image after image
    counts: NDArray[np.int64]  # (B,) pairs of each image, sum P
    foreground: NDArray[np.int64]  # (L,) rows of `pairs`, ascending
    background: NDArray[np.int64]  # (K,) rows of `pairs`, ascending

    @property
    def size(self) -> int:
        """How many pairs enter the losses, L + K."""
        return len(self.foreground) + len(self.background)

    def part(self, images: slice) -> "Drawn":
        """The same of some of the images."""
        ends = np.concatenate([[0], np.cumsum(self.counts)])
        first, last = ends[images.start], ends[images.stop]
        foreground, background = (
            rows[(rows >= first) & (rows < last)] - first for rows in (self.foreground, self.background)
        )
        return Drawn(self.images[images], self.pairs[first:last], self.counts[images], foreground, background)


def draw(params: Train, teacher: Teacher, step: int) -> Drawn:
    """Draw the images and pairs of `step` (from 0): a function of seed and step alone, whoever computes which part."""
    images = teacher.images
    places = batch_numbers(params.seed, step, len(teacher.numbers), params.images_per_batch)
    numbers = teacher.numbers[places]
    pairs = np.concatenate([np.arange(*_ends(images.pairs_of(number))) for number in numbers.tolist()])
    counts = images.pair_start[numbers + 1] - images.pair_start[numbers]
    foreground, background = choose_pairs(params, step, teacher.labels.row[pairs], counts)
    return Drawn(numbers, pairs, counts, foreground, background)


def choose_pairs(
    params: Train, step: int, rows: NDArray[np.int32], counts: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows of the pairs that enter the losses at `step`: with a label, without. rows: (P,) of `Labels.row`."""
    foreground = choose_foreground(params.seed, step, rows >= 0, counts, params.foreground_per_image)
    background = choose_background(
        params.seed, step, (rows >= 0) | (rows == LEFT_OUT), params.background_per_foreground, len(foreground)
    )
    return foreground, background


def collated(drawn: Drawn, regions: Regions, teacher: Teacher, attention_over: str) -> tuple[Batch, Targets]:
    """The images with their targets, on the device of `regions`.

    Under `attention_over: sampled` the relation adaptor sees only the pairs that enter a loss.
    """
    numbers, pairs = drawn.images.tolist(), drawn.pairs
    if attention_over == "all":
        return collate(regions, numbers), teacher.targets(
            pairs, drawn.background, regions.device, drawn.foreground
        )
    used = np.zeros(len(pairs), bool)
    used[drawn.foreground] = used[drawn.background] = True
    chosen = [np.flatnonzero(part) for part in np.split(used, np.cumsum(drawn.counts)[:-1])]
    place = np.cumsum(used) - 1
    return collate(regions, numbers, chosen), teacher.targets(
        pairs[used], place[drawn.background], regions.device, place[drawn.foreground]
    )


def _ends(rows: slice) -> tuple[int, int]:
    return rows.start, rows.stop
