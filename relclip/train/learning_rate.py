"""The learning rate of each step: a function of the step and of what was validated before it."""

import math
from collections.abc import Sequence

from relclip.compute.schedule import warm_cosine
from relclip.core.params.train import Train

FALLS_TO = 0.1


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
