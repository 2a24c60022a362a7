"""Which predictions hit which ground truths: labels agree, both boxes overlap by half (docs/method.md, 2)."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from relclip.core import boxes as box
from relclip.core.errors import ContractError
from relclip.evaluate.checks import Floats, Ints
from relclip.evaluate.inputs import GroundTruth, Objects, Relations
from relclip.evaluate.views import label_key, label_keys

ENOUGH_OVERLAP = 0.5
PAIRS_AT_ONCE = 1 << 21
#: Pairs of a prediction and a ground truth of the same image and labels; all of Visual Genome's test has some millions.
MOST_PAIRS = 1 << 24
#: Rows of truth.relations and rows of the predicted relations, (M,) each.
Pairs = tuple[Ints, Ints]
_SPREAD = np.uint64(0x9E3779B97F4A7C15)


def matches(
    truth: GroundTruth,
    objects: Objects,
    relations: Relations,
    inclusive: bool,
    *,
    any_predicate: bool = False,
) -> Iterator[Pairs]:
    """Yield (rows of truth.relations, rows of `relations`) that match, in blocks of bounded size.

    One prediction may hit several ground truths and the other way round.
    """
    for target, row in same_labels(truth, objects, relations, any_predicate=any_predicate):
        hit = boxes_overlap(truth, objects, relations, (target, row), inclusive) >= ENOUGH_OVERLAP
        yield target[hit], row[hit]


def same_labels(
    truth: GroundTruth, objects: Objects, relations: Relations, *, any_predicate: bool = False
) -> Iterator[Pairs]:
    """Yield (rows of truth.relations, rows of `relations`) of one image and the same labels, in blocks."""
    wanted = _keys(truth, truth.objects, truth.relations, any_predicate)
    offered = _keys(truth, objects, relations, any_predicate)
    order = np.argsort(wanted, kind="stable")
    alike = _perhaps(wanted, offered)
    first = np.searchsorted(wanted, offered[alike], "left", sorter=order)
    alike, first = alike[first < len(wanted)], first[first < len(wanted)]
    same = wanted[order[first]] == offered[alike]
    alike, first = alike[same], first[same]
    count = np.searchsorted(wanted, offered[alike], "right", sorter=order) - first
    if count.sum() > MOST_PAIRS:
        image = truth.images[relations.image[alike[count.argmax()]]]
        raise ContractError(
            f"{count.sum():,} pairs of a prediction and a ground truth have the same labels, most in image {image}; at"
            f" most {MOST_PAIRS:,} are compared: keep the predictions that can reach the top of their image"
        )
    for block in blocks(count, PAIRS_AT_ONCE):
        row = np.repeat(alike[block], count[block])
        start = np.cumsum(count[block]) - count[block]
        within = np.arange(len(row)) - np.repeat(start, count[block])
        yield order[np.repeat(first[block], count[block]) + within], row


def boxes_overlap(
    truth: GroundTruth, objects: Objects, relations: Relations, pairs: Pairs, inclusive: bool
) -> Floats:
    """The smaller IoU of both boxes, (M,)."""
    target, row = pairs
    true, found = truth.objects.boxes, objects.boxes
    subject = _iou(true[truth.relations.subject[target]], found[relations.subject[row]], inclusive)
    return np.minimum(
        subject, _iou(true[truth.relations.object[target]], found[relations.object[row]], inclusive)
    )


def unions_overlap(
    truth: GroundTruth, objects: Objects, relations: Relations, pairs: Pairs, inclusive: bool
) -> Floats:
    """The IoU of the boxes around subject and object, (M,)."""
    target, row = pairs
    true, found = truth.objects.boxes, objects.boxes
    phrase = box.union(true[truth.relations.subject[target]], true[truth.relations.object[target]])
    said = box.union(found[relations.subject[row]], found[relations.object[row]])
    return _iou(phrase, said, inclusive)


def _perhaps(wanted: Ints, offered: Ints) -> Ints:
    """Rows of `offered` that may be among `wanted`, by a table of hashes: few of many are left to look up."""
    bits = np.uint64(max(4, len(wanted).bit_length() + 3))
    places = [(keys.view(np.uint64) * _SPREAD) >> (np.uint64(64) - bits) for keys in (wanted, offered)]
    table = np.zeros(1 << int(bits), bool)
    table[places[0]] = True
    return np.flatnonzero(table[places[1]])


def overlapping(objects: Objects, relations: Relations) -> NDArray[np.bool_]:
    """True where the predicted boxes of subject and object share some area (RelCLIP section 3.1), (M,)."""
    shared = np.ones(len(relations.image), bool)
    for low, high in ((0, 2), (1, 3)):  # an axis at a time: a third of what rows of boxes take
        near, far = objects.boxes[:, low].copy(), objects.boxes[:, high].copy()
        start = np.maximum(near[relations.subject], near[relations.object])
        shared &= start < np.minimum(far[relations.subject], far[relations.object])
    return shared


def _keys(truth: GroundTruth, objects: Objects, relations: Relations, any_predicate: bool) -> Ints:
    """Image and labels in one number, (M,)."""
    subject, other = objects.class_id[relations.subject], objects.class_id[relations.object]
    predicate = np.zeros_like(relations.predicate) if any_predicate else relations.predicate
    labels = label_key(subject, predicate, other, truth.vocabulary)
    return relations.image * label_keys(truth.vocabulary) + labels


def blocks(count: Ints, at_once: int) -> Iterator[slice]:
    """Slices of `count` that sum to about `at_once`, so that memory does not grow with what a file holds."""
    block = (np.cumsum(count) - count) // at_once
    starts = np.flatnonzero(np.diff(block, prepend=-1))
    for first, end in pairwise([*starts.tolist(), len(count)]):
        yield slice(first, end)


def _iou(true: Floats, predicted: Floats, inclusive: bool) -> Floats:
    """IoU of boxes, (M, 4) xyxy each, (M,); NaN, which is no overlap, of a box without area against itself."""
    with np.errstate(invalid="ignore"):
        return np.asarray(box.iou(true, predicted, inclusive), np.float64)
