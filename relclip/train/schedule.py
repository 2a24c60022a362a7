"""What each step sees: pure functions of the seed and the step, so that a resumed run repeats itself exactly."""

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from relclip.core.params import Train
from relclip.core.seeds import stream


def batch_numbers(seed: int, step: int, count: int, size: int) -> NDArray[np.int64]:
    """Positions, among `count` images, of the `size` images of `step`: shuffled epochs one after another."""
    places = np.arange(step * size, (step + 1) * size)
    return np.array([_epoch(seed, int(place // count), count)[place % count] for place in places], np.int64)


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
    of_image = np.bincount(image, minlength=len(counts))
    place = np.arange(len(rows)) - np.repeat(np.cumsum(of_image) - of_image, of_image)
    return np.sort(rows[shuffled[place < at_most]])


def choose_background(
    seed: int, step: int, labelled: NDArray[np.bool_], per_foreground: float, drawn: int | None = None
) -> NDArray[np.int64]:
    """Rows of pairs without a label that train as background at `step`, ascending.

    labelled: (P,) of one batch; at most `per_foreground` times as many as labelled pairs were `drawn` (none said: all
    of them), seeded choice. A labelled pair that was not drawn is no background.
    """
    free = np.flatnonzero(~labelled)
    wanted = math.floor(per_foreground * (np.count_nonzero(labelled) if drawn is None else drawn))
    if wanted >= len(free):
        return free
    return np.sort(stream(seed, "background", step).choice(free, wanted, replace=False))


def learning_rate(params: Train, step: int) -> float:
    """Learning rate of `step` (from 0): linear warm-up, then constant, or a half cosine down to 0."""
    if step < params.warmup:
        return params.learning_rate * (step + 1) / params.warmup
    if params.schedule == "constant":
        return params.learning_rate
    done = (step - params.warmup) / max(params.iterations - params.warmup, 1)
    return params.learning_rate * (1 + math.cos(math.pi * done)) / 2


@lru_cache(maxsize=2)
def _epoch(seed: int, epoch: int, count: int) -> NDArray[np.int64]:
    return stream(seed, "epoch", epoch).permutation(count)
