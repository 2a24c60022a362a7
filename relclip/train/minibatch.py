"""What a step sees: its images, their pairs, and which of these enter the losses.

Functions of the seed and the step alone, so that a resumed run repeats itself exactly.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from relclip.compute.schedule import batch_numbers
from relclip.core.params.train import Train
from relclip.core.seeds import stream
from relclip.model import Batch, Regions, collate
from relclip.train.labels import LEFT_OUT
from relclip.train.targets import Targets, TrainingSet


@dataclass(frozen=True, eq=False)
class Minibatch:
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

    def subset(self, images: slice) -> "Minibatch":
        """The same of some of the images."""
        ends = np.concatenate([[0], np.cumsum(self.counts)])
        first, last = ends[images.start], ends[images.stop]
        foreground, background = (
            rows[(rows >= first) & (rows < last)] - first for rows in (self.foreground, self.background)
        )
        return Minibatch(
            self.images[images], self.pairs[first:last], self.counts[images], foreground, background
        )


@dataclass(frozen=True, eq=False)
class Share:
    """What one process computes of a step, or one micro-batch of that, ready on its device."""

    step: int
    micro_batch: int
    batch: Batch
    targets: Targets
    objects: float = 1.0  # its share of the step's boxes
    pairs: float = 1.0  # its share of the step's pairs that enter the losses
    labelled: tuple[int, ...] = ()  # labelled pairs of each process; empty where there is one
    everyone: Targets | None = None  # of the whole step, where this is not all of it and there is RCL


def draw(params: Train, training_set: TrainingSet, step: int) -> Minibatch:
    """Draw the images and pairs of `step` (from 0): a function of seed and step alone, whoever computes which part."""
    images = training_set.images
    places = batch_numbers(params.seed, step, len(training_set.numbers), params.images_per_batch)
    numbers = training_set.numbers[places]
    first, last = images.pair_start[numbers], images.pair_start[numbers + 1]
    pairs, counts = np.concatenate(list(map(np.arange, first, last))), last - first
    foreground, background = choose_pairs(params, step, training_set.labels.row[pairs], counts)
    return Minibatch(numbers, pairs, counts, foreground, background)


def choose_pairs(
    params: Train, step: int, rows: NDArray[np.int32], counts: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows of the pairs that enter the losses at `step`: with a label, without. rows: (P,) of `Labels.row`."""
    foreground = choose_foreground(params.seed, step, rows >= 0, counts, params.foreground_per_image)
    at_most = math.floor(params.background_per_foreground * len(foreground))
    return foreground, choose_background(params.seed, step, (rows < 0) & (rows != LEFT_OUT), at_most)


def choose_foreground(
    seed: int, step: int, labelled: NDArray[np.bool_], counts: NDArray[np.int64], at_most: int | None
) -> NDArray[np.int64]:
    """Rows of labelled pairs that train at `step`, ascending: a seeded choice of `at_most` of an image, or all.

    labelled: (P,) of one batch, image after image; counts: (B,) pairs of each image, sum P.
    """
    rows = np.flatnonzero(labelled)
    if at_most is None:
        return rows
    image = np.repeat(np.arange(len(counts)), counts)[rows]
    shuffled = np.lexsort((stream(seed, "foreground", step).random(len(rows)), image))
    of_image = np.bincount(image)
    place = np.arange(len(rows)) - np.repeat(np.cumsum(of_image) - of_image, of_image)
    return np.sort(rows[shuffled[place < at_most]])


def choose_background(seed: int, step: int, unlabelled: NDArray[np.bool_], at_most: int) -> NDArray[np.int64]:
    """Rows of pairs without a label, (P,) of one batch, that train as background at `step`: a seeded choice, ascending.

    A labelled pair that enters no loss is no background.
    """
    free = np.flatnonzero(unlabelled)
    if at_most >= len(free):
        return free
    return np.sort(stream(seed, "background", step).choice(free, at_most, replace=False))


def collated(
    minibatch: Minibatch, regions: Regions, training_set: TrainingSet, attention_over: str
) -> tuple[Batch, Targets]:
    """The images with their targets, on the device of `regions`.

    Under `attention_over: sampled` the relation adaptor sees only the pairs that enter a loss.
    """
    numbers, pairs = minibatch.images.tolist(), minibatch.pairs
    if attention_over == "all":
        return collate(regions, numbers), training_set.targets(
            pairs, minibatch.foreground, minibatch.background, regions.device
        )
    used = np.zeros(len(pairs), bool)
    used[minibatch.foreground] = used[minibatch.background] = True
    chosen = [np.flatnonzero(part) for part in np.split(used, np.cumsum(minibatch.counts)[:-1])]
    place = np.cumsum(used) - 1
    return collate(regions, numbers, chosen), training_set.targets(
        pairs[used], place[minibatch.foreground], place[minibatch.background], regions.device
    )
