"""mAP50 as COCO counts it: how good labelled boxes are, beside SGDet and of the detector alone."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from relclip.core.boxes import iou

OVERLAP = 0.5
#: Boxes of a class that count in one image, the surest; recalls at which precision is read.
COCO_LIMIT, RECALLS = 100, np.linspace(0, 1, 101)
Ints = NDArray[np.int64]
Reals = NDArray[np.floating]


class LabelledBoxes(NamedTuple):
    """Boxes of many images: image (N,) any numbers, class_id (N,), boxes (N, 4) xyxy, score (N,), 1 where true."""

    image: Ints
    class_id: Ints
    boxes: Reals
    score: Reals

    @classmethod
    def joined(cls, parts: Sequence["LabelledBoxes"]) -> "LabelledBoxes":
        """Those of several as one; at least one."""
        return cls(*map(np.concatenate, zip(*parts, strict=True)))

    def of_class(self, class_id: int, most: float = np.inf) -> "LabelledBoxes":
        """One class, by image, the surest first, so many an image at most; equal ones as they come."""
        rows = np.flatnonzero(self.class_id == class_id)
        rows = rows[np.lexsort((-self.score[rows], self.image[rows]))]
        _, first, count = np.unique(self.image[rows], return_index=True, return_counts=True)
        rows = rows[np.arange(len(rows)) - np.repeat(first, count) < most]
        return LabelledBoxes(self.image[rows], self.class_id[rows], self.boxes[rows], self.score[rows])


def mean_average_precision(found: LabelledBoxes, true: LabelledBoxes) -> float:
    """The mean over the classes that are annotated; NaN where none is."""
    classes = np.unique(true.class_id).tolist()
    each = [_average_precision(found.of_class(one, COCO_LIMIT), true.of_class(one)) for one in classes]
    return float(np.mean(each)) if each else float("nan")


def _average_precision(found: LabelledBoxes, true: LabelledBoxes) -> float:
    """Of one class: precision, made falling, read at the RECALLS; 0 at those that are not reached."""
    right = np.fromiter(_right(found, true), bool, len(found.image))[np.argsort(-found.score, kind="stable")]
    hits = np.cumsum(right)
    precision = np.maximum.accumulate((hits / np.arange(1, len(hits) + 1))[::-1])[::-1]
    place = np.searchsorted(hits / len(true.image), RECALLS)
    return float(np.append(precision, 0.0)[place].mean())


def _right(found: LabelledBoxes, true: LabelledBoxes) -> Iterator[bool]:
    """Whether each finds a true box that no surer one found: the one of the largest IoU, the last of equal ones."""
    images, first = np.unique(true.image, return_index=True)
    ends = dict(zip(images.tolist(), zip(first, [*first[1:], len(true.image)], strict=True), strict=True))
    free = np.ones(len(true.image), bool)
    for image, box in zip(found.image.tolist(), found.boxes, strict=True):
        start, end = ends.get(image, (0, 0))
        overlap = np.where(free[start:end], iou(box, true.boxes[start:end]), 0.0)
        best = len(overlap) - 1 - int(overlap[::-1].argmax()) if end > start else -1
        hit = best >= 0 and bool(overlap[best] >= OVERLAP)
        if hit:
            free[start + best] = False
        yield hit
