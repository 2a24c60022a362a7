"""Which test relations are shown: a seeded choice that never looks at a prediction."""

import numpy as np

from relclip.core.annotations import Annotations, Ids
from relclip.core.boxes import Boxes, area, intersection, union
from relclip.core.errors import InputError
from relclip.core.seeds import stream

#: Big enough to see (D34): the union box has this share of the picture, the smaller box this share of the union box.
SMALLEST_UNION = 0.08
SMALLEST_BOX = 0.1
HOW = (
    "test annotations with overlapping boxes, those big enough to see first, by a seeded shuffle, every predicate once"
    " before one comes again; no prediction was looked at"
)


def choose(annotations: Annotations, sizes: Ids, count: int, seed: int) -> Ids:
    """Return the numbers of up to `count` relations. sizes: (I, 2) width and height of every image in pixels.

    Raises InputError where no test annotation has boxes that overlap: RelCLIP pairs nothing else (section 3.1).
    """
    subjects, objects = annotations.boxes[annotations.subject], annotations.boxes[annotations.object]
    of_test = annotations.split[annotations.relation_image] == "test"
    relations = np.flatnonzero(of_test & (intersection(subjects, objects) > 0))
    if not len(relations):
        raise InputError(
            "no test annotation has overlapping boxes, so there is no relation to show; use a larger data set"
        )
    small = ~big_enough(subjects, objects, sizes[annotations.relation_image])
    order = stream(seed, "gradcam").permutation(relations)
    order = order[np.argsort(small[order], kind="stable")]
    again = repetitions(annotations.predicate[order])
    return order[np.lexsort((again, small[order]))][:count]


def big_enough(subjects: Boxes, objects: Boxes, sizes: Ids) -> np.ndarray:
    """(R,) whether both boxes of a pair can be seen. subjects, objects: (R, 4) pixels; sizes: (R, 2) of the image."""
    both = area(union(subjects, objects))
    smaller = np.minimum(area(subjects), area(objects))
    return (both >= SMALLEST_UNION * sizes.prod(axis=1)) & (smaller >= SMALLEST_BOX * both)


def repetitions(values: Ids) -> Ids:
    """How often each value came before: [3, 5, 3, 3] -> [0, 0, 1, 2]."""
    order = np.argsort(values, kind="stable")
    _, first, counts = np.unique(values[order], return_index=True, return_counts=True)
    before = np.empty(len(values), np.int64)
    before[order] = np.arange(len(values)) - np.repeat(first, counts)
    return before
