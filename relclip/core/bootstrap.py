"""Bootstrap by image: how often each is drawn, sums that are the same on every machine, 95 % intervals."""

from collections.abc import Iterator

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
        flat = drawn + np.arange(count, dtype=np.int64)[:, None] * images
        yield np.bincount(flat.ravel(), minlength=count * images).reshape(count, images).astype(np.float64)


def weighted_sums(weights: Floats, values: Floats) -> Floats:
    """Whole weights (B, I) @ values >= 0 (I, n) -> (B, n), the same to the last bit however BLAS orders the sum.

    The values are put on a grid (of less than 1e-10 for a hundred thousand images) on which float64 sums are exact.
    """
    largest = max(1.0, float(weights.sum(axis=1).max(initial=0.0) * values.max(initial=0.0)))
    grid = 2.0 ** (_EXACT_BITS - np.ceil(np.log2(largest)))
    sums: Floats = weights @ np.round(values * grid) / grid
    return sums


def interval(values: Floats) -> list[float] | None:
    """The middle 95 % of bootstrap samples; samples without any ground truth to count are left out."""
    values = values[np.isfinite(values)]
    return [float(bound) for bound in np.percentile(values, (2.5, 97.5))] if len(values) else None
