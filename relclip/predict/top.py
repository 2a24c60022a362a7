"""Which triplets of an image can reach its top K, with or without graph constraint: only those are written."""

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.float32]


def reachable(scores: Scores, subject: Scores, object_: Scores, keep: int) -> NDArray[np.bool_]:
    """scores: (P, R) predicate scores, NaN where nothing is predicted; subject, object_: (P,) object scores >= 0.

    Returns (P, R): True for what has a place below `keep` in the list of best predicates (one a pair) or of all
    triplets. Ties at the last place are all kept, because a seed of the evaluator decides among them.
    """
    triplet = (
        scores.astype(np.float64) * subject[:, None].astype(np.float64) * object_[:, None].astype(np.float64)
    )
    triplet = np.where(np.isnan(scores), -np.inf, triplet)
    best = triplet.max(axis=1, initial=-np.inf)
    among_best = (triplet == best[:, None]) & (best >= _last(best, keep))[:, None]
    return (among_best | (triplet >= _last(triplet.ravel(), keep))) & ~np.isnan(scores)


def _last(values: NDArray[np.float64], keep: int) -> float:
    """The `keep`-th largest value; -inf where there are no more than that."""
    if len(values) <= keep:
        return -np.inf
    return float(np.partition(values, len(values) - keep)[len(values) - keep])
