"""What each step sees: pure functions of the seed and the step, so that a resumed run repeats itself exactly."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from relclip.compute.schedule import warm_cosine
from relclip.core.params.train import Train
from relclip.core.seeds import stream

FALLS_TO = 0.1


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


def learning_rate(params: Train, step: int, validated: Sequence[float] = ()) -> float:
    """Learning rate of `step` (from 0): linear warm-up, then constant, a half cosine down to 0, or by plateaus.

    validated: the recalls on validation so far, the first first; only `schedule: plateau` asks for them.
    """
    if params.schedule != "cosine" and step >= params.warmup:
        falls = plateaus(validated, params.patience) if params.schedule == "plateau" else 0
        return params.learning_rate * FALLS_TO**falls
    return warm_cosine(params.learning_rate, step, params.iterations, params.warmup)


def plateaus(validated: Sequence[float], patience: int) -> int:
    """How often more than `patience` values in a row were not above the best, as torch's ReduceLROnPlateau counts.

    Its threshold is 0 here. After a fall the count of values that were no better begins anew.
    """
    best, waited, falls = -math.inf, 0, 0
    for value in validated:
        waited = 0 if value > best else waited + 1
        best = max(best, value)
        if waited > patience:
            falls, waited = falls + 1, 0
    return falls
