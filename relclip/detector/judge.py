"""How good boxes are: COCO's mAP at IoU 0.5, and the share of annotated boxes that some box finds."""

from collections.abc import Sequence

import numpy as np

from relclip.core.annotations import Annotations
from relclip.core.box_precision import LabelledBoxes
from relclip.core.box_precision import mean_average_precision as box_precision
from relclip.core.boxes import Boxes, iou
from relclip.detector.proposals import Detections

FOUND = 0.5


def judge(
    annotations: Annotations, numbers: Sequence[int], found: Sequence[Detections], kept: Sequence[Detections]
) -> dict[str, float]:
    """What statistics.json says of one split. found: all that the detector gives; kept: the proposals of these.

    `mAP50`: COCO's reading, at most 100 boxes an image. `recall`: of the annotated boxes, the share with a proposal
    of an IoU of at least 0.5, whatever its class; `recall_labelled`: one of its own class.
    """
    boxes = [annotations.boxes[annotations.rows(number)] for number in numbers]
    classes = [annotations.class_id[annotations.rows(number)] for number in numbers]
    hits = [_hits(*one) for one in zip(boxes, classes, kept, strict=True)]
    anyhow, labelled = np.concatenate(hits, axis=1) if hits else np.zeros((2, 0))
    return {
        "images": len(numbers),
        "boxes": anyhow.size,
        "mAP50": mean_average_precision(annotations, numbers, found),
        "mAP50_proposals": mean_average_precision(annotations, numbers, kept),
        "recall": float(anyhow.mean()) if anyhow.size else 0.0,
        "recall_labelled": float(labelled.mean()) if labelled.size else 0.0,
        "proposals_per_image": float(np.mean([len(one) for one in kept])) if kept else 0.0,
    }


def mean_average_precision(
    annotations: Annotations, numbers: Sequence[int], found: Sequence[Detections]
) -> float:
    """COCO's mAP at IoU 0.5 over the classes that the images hold; 0 where they hold none."""
    rows = [annotations.rows(number) for number in numbers]
    true = [
        LabelledBoxes(*_of(number, annotations.class_id[row], annotations.boxes[row]))
        for number, row in zip(numbers, rows, strict=True)
    ]
    given = [
        LabelledBoxes(*_of(number, one.classes, one.boxes)[:3], one.scores.astype(np.float64))
        for number, one in zip(numbers, found, strict=True)
    ]
    if not true:
        return 0.0
    return float(np.nan_to_num(box_precision(LabelledBoxes.joined(given), LabelledBoxes.joined(true))))


def _of(
    number: int, classes: np.ndarray, boxes: Boxes
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Columns of LabelledBoxes of one image; true boxes score 1."""
    return np.full(len(boxes), number), classes, boxes.astype(np.float64), np.ones(len(boxes))


def _hits(boxes: Boxes, classes: np.ndarray, kept: Detections) -> np.ndarray:
    """(2, N) whether each annotated box is found, and found with its class."""
    near = iou(boxes[:, None], kept.boxes[None]) >= FOUND
    return np.stack([near.any(axis=1), (near & (classes[:, None] == kept.classes[None])).any(axis=1)])
