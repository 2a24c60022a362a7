"""Which predictions of an image can count at all: those that can reach a top 100 in some reading of the protocol."""

import numpy as np
from numpy.typing import NDArray

from relclip.core.boxes import intersection
from relclip.evaluate.boxlists import PeerPrediction
from relclip.evaluate.checks import Floats
from relclip.evaluate.metrics import CUTOFFS

Mask = NDArray[np.bool_]


def can_reach(found: PeerPrediction, places: int = max(CUTOFFS)) -> Mask:
    """True for (pair, predicate), (M, P), that stand among the first `places` (or tie with the last of them).

    With or without graph constraint, with object scores (SGCls, SGDet) or without (PredCls), over all pairs or over
    overlapping ones.
    """
    scores = found.relation_scores.astype(np.float64)
    kept = np.zeros(scores.shape, bool)
    if not scores.size:
        return kept
    best = scores == scores.max(axis=1, keepdims=True)
    ends = found.pairs[:, 0], found.pairs[:, 1]
    overlapping = intersection(found.boxes[ends[0]], found.boxes[ends[1]]) > 0
    for weight in (np.ones(len(scores)), found.scores[ends[0]] * found.scores[ends[1]]):
        products = scores * weight[:, None]
        for rows in (np.ones(len(scores), bool), overlapping):
            kept[rows] |= _first(products[rows], places)
            kept[rows] |= best[rows] & _first(products[rows].max(axis=1, initial=-np.inf), places)[:, None]
    return kept


def _first(values: Floats, places: int) -> Mask:
    """True for the `places` largest and what ties with the last of them; any shape."""
    if values.size <= places:
        return np.ones(values.shape, bool)
    least = np.partition(values, values.size - places, axis=None)[values.size - places]
    return values >= least
