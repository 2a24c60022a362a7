"""Places of predictions in their image's list, with and without graph constraint (METHOD section 2)."""

import numpy as np
from numpy.typing import NDArray

from relclip.evaluate.checks import Floats, Ints
from relclip.evaluate.inputs import Objects, Relations

NO_PLACE = -1
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_LARGEST = np.uint64(0xFFFFFFFFFFFFFFFF)


def triplet_scores(relations: Relations, objects: Objects, task: str) -> Floats:
    """Predicate score x subject score x object score, (M,); PredCls object scores are 1."""
    if task == "predcls":
        return relations.score
    return relations.score * objects.score[relations.subject] * objects.score[relations.object]


def tie_keys(seed: int, *columns: Ints) -> NDArray[np.uint64]:
    """A seeded hash of each row's key, (M,): orders ties alike in whatever order rows come (splitmix64)."""
    mixed = np.full(len(columns[0]), seed, np.int64).view(np.uint64)
    for values in columns:
        mixed += values.view(np.uint64) + _GOLDEN
        mixed ^= mixed >> np.uint64(30)
        mixed *= _FIRST
        mixed ^= mixed >> np.uint64(27)
        mixed *= _SECOND
        mixed ^= mixed >> np.uint64(31)
    return mixed


def places(relations: Relations, triplet_score: Floats, tie: NDArray[np.uint64]) -> tuple[Ints, Ints]:
    """Places from 0 in the image's list, (M,) each: one predicate a pair (NO_PLACE: not chosen), and all."""
    order = np.lexsort((tie, -triplet_score, _narrow(relations.image)))
    first = _run_starts(relations.image[order])
    chosen = best_of_pair(relations, tie)
    constrained, unconstrained = np.empty_like(order), np.empty_like(order)
    unconstrained[order] = np.arange(len(order)) - first
    before: Ints = np.cumsum(chosen[order]) - chosen[order]
    constrained[order] = before - before[first] if len(order) else before
    return np.where(chosen, constrained, NO_PLACE), unconstrained


def best_of_pair(relations: Relations, tie: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """True for the one row with the highest predicate score of its ordered pair (graph constraint), (M,)."""
    chosen = np.zeros(len(tie), bool)
    if not len(tie):
        return chosen
    pair = (relations.subject << np.int64(31)) + relations.object
    order = np.argsort(pair, kind="stable")
    starts, group = _groups(pair[order])
    score = relations.score[order]
    best = score == np.maximum.reduceat(score, starts)[group]
    hashed = np.where(best, tie[order], _LARGEST)
    rows = np.flatnonzero(best & (hashed == np.minimum.reduceat(hashed, starts)[group]))
    chosen[order[rows[np.diff(group[rows], prepend=-1) > 0]]] = True
    return chosen


def tied(relations: Relations, triplet_score: Floats) -> int:
    """How many rows share their triplet score with another row of their image."""
    order = np.lexsort((triplet_score, _narrow(relations.image)))
    same = (np.diff(relations.image[order]) == 0) & (np.diff(triplet_score[order]) == 0)
    return int((np.append(same, False) | np.insert(same, 0, False)).sum()) if len(order) else 0


def _groups(values: Ints) -> tuple[Ints, Ints]:
    """Starts of runs of equal values, (R,), and the run of each value, (M,)."""
    new = np.diff(values, prepend=values[:1] - 1) != 0
    return np.flatnonzero(new), np.cumsum(new) - 1


def _run_starts(values: Ints) -> Ints:
    """For each of the sorted values where its run of equal values starts, (M,)."""
    if not len(values):
        return values
    starts, group = _groups(values)
    return starts[group]


def _narrow(image: Ints) -> NDArray[np.integer]:
    """Image rows in 16 bits where they fit: numpy sorts those by radix, in linear time."""
    if not len(image):
        return image
    shifted = image - image.min()
    return shifted.astype(np.uint16) if shifted.max() < 1 << 16 else shifted
