"""Both readings of `require_overlap`: when they differ, and when a file is too short for the other one."""

import numpy as np

from relclip.core.boxes import overlapping_pairs
from relclip.core.metrics import ALL_CUTOFFS
from relclip.evaluate.hits import Ranked
from relclip.evaluate.inputs import GroundTruth, Objects


class CutShort:
    """Images whose list of overlapping pairs ends before the largest K although more of their pairs overlap.

    Predictions over all pairs that were cut to a top K of all pairs lack the overlapping ones below: recall under
    `require_overlap: true` is then a lower bound for these images.
    """

    def __init__(self, truth: GroundTruth) -> None:
        self._predicates = len(truth.vocabulary.predicates)
        self._rows = np.zeros(len(truth.images), np.int64)
        self._pairs = self._rows.copy()
        self._objects: Objects | None = None

    def add(self, ranked: Ranked) -> None:
        """Look at the overlapping predictions of some images."""
        self._objects = ranked.objects
        image = ranked.relations.image
        self._rows += np.bincount(image, minlength=len(self._rows))
        self._pairs += np.bincount(image[ranked.rank >= 0], minlength=len(self._rows))

    def images(self) -> int:
        """How many there are among all that was seen."""
        largest = max(ALL_CUTOFFS)
        count = 0
        for image in np.flatnonzero(np.minimum(self._rows, self._pairs) < largest).tolist():
            there = _overlapping_pairs(self._objects, image) if self._objects else 0
            full = min(largest, there), min(largest, there * self._predicates)
            count += self._pairs[image] < full[0] or self._rows[image] < full[1]
        return int(count)


def _overlapping_pairs(objects: Objects, image: int) -> int:
    """How many ordered pairs of the predicted objects of one image (a row number) share some area."""
    first, end = np.searchsorted(objects.image, (image, image + 1))
    return len(overlapping_pairs(objects.boxes[first:end].astype(np.float32)))
