"""Which triplets of an image can reach its top K, with or without graph constraint: only those are written.

Shared by `predict`, which writes ours, and `evaluate`, which writes what it converts from peers.
"""

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.floating]


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


def reachable_either(
    scores: Scores, subject: Scores, object_: Scores, overlap: NDArray[np.bool_], keep: int
) -> NDArray[np.bool_]:
    """The same among all pairs or among the overlapping ones, `overlap` (P,), which can be judged alone: (P, R)."""
    kept = reachable(scores, subject, object_, keep)
    if not overlap.all():
        kept[overlap] |= reachable(scores[overlap], subject[overlap], object_[overlap], keep)
    return kept


def _last(values: NDArray[np.float64], keep: int) -> float:
    """The `keep`-th largest value; -inf where there are no more than that."""
    if len(values) <= keep:
        return -np.inf
    return float(np.partition(values, len(values) - keep)[len(values) - keep])
