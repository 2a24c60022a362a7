"""Places of predictions in their image's list, with and without graph constraint (docs/method.md, 2)."""

import numpy as np
from numpy.typing import NDArray

from relclip.evaluate.checks import Floats, Ints
from relclip.evaluate.inputs import Objects, Relations, pair_key

NO_PLACE = -1
_PADDED = 2
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


def lowest_first(*columns: Ints) -> NDArray[np.uint64]:
    """Keys that order ties by the first column, then by the next, the lowest first, (M,): a peer's argmax."""
    size = len(columns[0])
    rank = np.empty(size, np.uint64)
    rank[np.lexsort(columns[::-1])] = np.arange(size, dtype=np.uint64)
    return rank << np.uint64(64 - max(size.bit_length(), 1))  # `_by_score` puts the run of a tie above them


def places(relations: Relations, triplet_score: Floats, tie: NDArray[np.uint64]) -> tuple[Ints, Ints, int]:
    """Places from 0 in the image's list, (M,) each: one predicate a pair (NO_PLACE: not chosen), and all.

    The third value is how many rows share their score with another row of their image; `tie` orders them.
    """
    order, tied = _by_score(relations.image, triplet_score, tie)
    starts, group = _groups(relations.image[order])
    first = starts[group]
    chosen = best_of_pair(relations, tie)
    constrained, unconstrained = np.empty_like(order), np.empty_like(order)
    unconstrained[order] = np.arange(len(order)) - first
    before: Ints = np.cumsum(chosen[order]) - chosen[order]
    constrained[order] = before - before[first]
    return np.where(chosen, constrained, NO_PLACE), unconstrained, tied


def places_among(image: Ints, place: Ints, kept: NDArray[np.bool_]) -> Ints:
    """Places from 0 among the kept rows of each image, in the order of `place`, (M,); NO_PLACE elsewhere."""
    rows = np.flatnonzero(kept & (place != NO_PLACE))
    rows = rows[np.lexsort((place[rows], image[rows]))]
    starts, group = _groups(image[rows])
    among = np.full(len(place), NO_PLACE)
    among[rows] = np.arange(len(rows)) - starts[group]
    return among


def _by_score(image: Ints, score: Floats, tie: NDArray[np.uint64]) -> tuple[Ints, int]:
    """Rows in the order of (image, score from high to low, tie), (M,), and how many of them are tied."""
    order = _untied(image, score)
    image, score_there = image[order], score[order]
    same = (image[1:] == image[:-1]) & (score_there[1:] == score_there[:-1])
    if not same.any():
        return order, 0
    tied = np.flatnonzero(np.append(same, False) | np.insert(same, 0, False))
    run = np.cumsum(~np.insert(same, 0, False))[tied].astype(np.uint64)
    rows = order[tied]
    bits = np.uint64(int(run[-1]).bit_length())
    order[tied] = rows[np.argsort((run << (np.uint64(64) - bits)) | (tie[rows] >> bits))]
    return order, len(tied)


def _untied(image: Ints, score: Floats) -> Ints:
    """Rows in the order of (image, score from high to low), (M,)."""
    starts, group = _groups(image)
    count = np.diff(starts, append=len(image))
    widest = int(count.max(initial=0))
    together = (image[starts[1:]] > image[starts[:-1]]).all() and np.isfinite(score).all()
    if together and len(count) * widest < _PADDED * len(image):
        padded = np.full((len(count), widest), np.inf)  # an image a row: a third of what one long sort takes
        padded[group, np.arange(len(image)) - starts[group]] = -score
        return (padded.argsort(axis=1) + starts[:, None])[np.arange(widest) < count[:, None]]
    order = np.argsort(-score)  # by value, then by image in linear time: a third of what lexsort takes
    return order[np.argsort(_narrow(image[order]), kind="stable")]


def best_of_pair(relations: Relations, tie: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """True for the one row with the highest predicate score of its ordered pair (graph constraint), (M,)."""
    chosen = np.zeros(len(tie), bool)
    pair = pair_key(relations.subject, relations.object)
    order = slice(None) if _stand_together(pair) else np.argsort(pair, kind="stable")
    starts, group = _groups(pair[order])
    score = relations.score[order]
    best = score == np.maximum.reduceat(score, starts)[group]
    hashed = np.where(best, tie[order], _LARGEST)
    rows = np.flatnonzero(best & (hashed == np.minimum.reduceat(hashed, starts)[group]))
    rows = rows[np.diff(group[rows], prepend=-1) > 0]
    chosen[rows if isinstance(order, slice) else order[rows]] = True
    return chosen


def _stand_together(values: Ints) -> bool:
    """Whether equal values stand side by side."""
    runs = np.sort(values[_groups(values)[0]])
    return bool((runs[1:] != runs[:-1]).all())


def _groups(values: Ints) -> tuple[Ints, Ints]:
    """Starts of runs of equal values, (R,), and the run of each value, (M,)."""
    new = np.ones(len(values), bool)
    np.not_equal(values[1:], values[:-1], out=new[1:])
    return np.flatnonzero(new), np.cumsum(new) - 1


def _narrow(image: Ints) -> NDArray[np.integer]:
    """Image rows in 16 bits where they fit: numpy sorts those by radix, in linear time."""
    if not len(image):
        return image
    shifted = image - image.min()
    return shifted.astype(np.uint16) if shifted.max() < 1 << 16 else shifted
