"""Which predicted triplets hit which ground truths: labels agree and both boxes have IoU >= 0.5 (METHOD section 2)."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from relclip.core import boxes as box
from relclip.evaluate.inputs import Floats, GroundTruth, Ints, Objects, Relations, label_key, label_keys

ENOUGH_OVERLAP = 0.5
PAIRS_AT_ONCE = 1 << 21


def matches(
    truth: GroundTruth, objects: Objects, relations: Relations, inclusive: bool
) -> Iterator[tuple[Ints, Ints]]:
    """Yield (rows of truth.relations, rows of `relations`) that match, in pieces of bounded size.

    One prediction may hit several ground truths and the other way round.
    """
    wanted = _keys(truth, truth.objects, truth.relations)
    offered = _keys(truth, objects, relations)
    order = np.argsort(wanted, kind="stable")
    first = np.searchsorted(wanted, offered, "left", sorter=order)
    alike = np.flatnonzero(first < len(wanted))
    alike = alike[wanted[order[first[alike]]] == offered[alike]]
    first = first[alike]
    count = np.searchsorted(wanted, offered[alike], "right", sorter=order) - first
    for piece in _pieces(count):
        row = np.repeat(alike[piece], count[piece])
        start = np.cumsum(count[piece]) - count[piece]
        within = np.arange(len(row)) - np.repeat(start, count[piece])
        target = order[np.repeat(first[piece], count[piece]) + within]
        hit = _boxes_agree(truth, objects, relations, target, row, inclusive)
        yield target[hit], row[hit]


def overlapping(objects: Objects, relations: Relations) -> NDArray[np.bool_]:
    """True where the predicted boxes of subject and object share some area (RelCLIP section 3.1), (M,)."""
    return box.intersection(objects.boxes[relations.subject], objects.boxes[relations.object]) > 0


def _keys(truth: GroundTruth, objects: Objects, relations: Relations) -> Ints:
    """Image and labels in one number, (M,)."""
    subject, other = objects.class_id[relations.subject], objects.class_id[relations.object]
    labels = label_key(subject, relations.predicate, other, truth.vocabulary)
    return relations.image * label_keys(truth.vocabulary) + labels


def _pieces(count: Ints) -> Iterator[slice]:
    """Slices of `count` that sum to about PAIRS_AT_ONCE, so that a hostile file cannot fill the memory."""
    piece = (np.cumsum(count) - count) // PAIRS_AT_ONCE
    starts = np.flatnonzero(np.diff(piece, prepend=-1))
    for first, end in zip(starts, [*starts[1:], len(count)], strict=True):
        yield slice(int(first), int(end))


def _boxes_agree(
    truth: GroundTruth, objects: Objects, relations: Relations, target: Ints, row: Ints, inclusive: bool
) -> NDArray[np.bool_]:
    subject = _iou(truth, truth.relations.subject[target], objects, relations.subject[row], inclusive)
    other = _iou(truth, truth.relations.object[target], objects, relations.object[row], inclusive)
    return (subject >= ENOUGH_OVERLAP) & (other >= ENOUGH_OVERLAP)


def _iou(truth: GroundTruth, true: Ints, objects: Objects, predicted: Ints, inclusive: bool) -> Floats:
    with np.errstate(invalid="ignore"):  # a box without area against itself: 0 / 0 is no overlap
        return box.iou(truth.objects.boxes[true], objects.boxes[predicted], inclusive)
