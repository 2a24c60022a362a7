"""Bootstrap by image: how often each is drawn, sums that are the same on every machine, 95 % intervals."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from relclip.core.seeds import stream

Floats = NDArray[np.float64]
_NUMBERS_AT_ONCE = 1 << 22
_EXACT_BITS = 52


def bootstrap_weights(images: int, samples: int, seed: int) -> Iterator[Floats]:
    """Yield how often each image is drawn, (b, I): `samples` draws of I images with replacement."""
    random = stream(seed, "bootstrap")
    at_once = max(1, _NUMBERS_AT_ONCE // max(images, 1))
    for done in range(0, samples if images else 0, at_once):
        count = min(at_once, samples - done)
        drawn = random.integers(0, images, (count, images), dtype=np.uint32)
        weights = np.empty((count, images))
        for row, one in zip(weights, drawn, strict=True):
            row[:] = np.bincount(one, minlength=images)
        yield weights


def weighted_sums(weights: Floats, values: Floats) -> Floats:
    """Whole weights (B, I) @ values >= 0 (I, n) -> (B, n), the same to the last bit however BLAS orders the sum."""
    return grid_sums(weights, on_grid(values, float(weights.sum(axis=1).max(initial=0.0))))


class OnGrid(NamedTuple):
    """Values as whole multiples of 1 / steps, (I, n)."""

    multiples: Floats
    steps: float


def on_grid(values: Floats, total: float) -> OnGrid:
    """Values >= 0 (I, n) on a grid on which float64 sums are exact for weights that add up to `total` at most.

    It is finer than 1e-10 for a hundred thousand images.
    """
    largest = max(1.0, float(total * values.max(initial=0.0)))
    steps = 2.0 ** (_EXACT_BITS - np.ceil(np.log2(largest)))
    return OnGrid(np.round(values * steps), float(steps))


def grid_sums(weights: Floats, grid: OnGrid) -> Floats:
    """`weighted_sums` of values that are on their grid already."""
    sums: Floats = weights @ grid.multiples / grid.steps
    return sums


def interval(values: Floats) -> list[float] | None:
    """The middle 95 % of bootstrap samples; samples without any ground truth to count are left out."""
    values = values[np.isfinite(values)]
    return [float(bound) for bound in np.percentile(values, (2.5, 97.5))] if len(values) else None
