"""How good boxes are: COCO's mAP at IoU 0.5, and the share of annotated boxes that some box finds."""

from collections.abc import Sequence

import numpy as np

from relclip.core.annotations import Annotations
from relclip.core.boxes import Boxes, area, iou
from relclip.detector.proposals import COCO_LIMIT, Detections

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
    """COCO's mAP at IoU 0.5 over the classes that the images hold, by faster_coco_eval; 0 where they hold none."""
    from faster_coco_eval import COCO, COCOeval_faster  # noqa: PLC0415

    truth, guesses = _truth(annotations, numbers), _guesses(numbers, found)
    if not truth["annotations"] or not guesses:
        return 0.0
    known = COCO(truth)
    judged = COCOeval_faster(known, known.loadRes(guesses), iouType="bbox", print_function=_silent)
    judged.params.iouThrs = np.array([FOUND])
    judged.params.areaRng, judged.params.areaRngLbl = [[0.0, 1e10]], ["all"]
    judged.params.maxDets = [COCO_LIMIT]
    judged.evaluate()
    judged.accumulate()
    precision = np.asarray(judged.eval["precision"])
    return float(precision[precision > -1].mean())


def _truth(annotations: Annotations, numbers: Sequence[int]) -> dict[str, list[dict]]:
    rows = [(number, row) for number in numbers for row in range(*_ends(annotations, number))]
    sizes = area(annotations.boxes).tolist()
    corners, labels = _corner_and_sides(annotations.boxes), annotations.class_id.tolist()
    entries = [
        {
            "id": place,
            "image_id": int(number),
            "category_id": labels[row],
            "bbox": corners[row],
            "area": sizes[row],
            "iscrowd": 0,
        }
        for place, (number, row) in enumerate(rows, 1)
    ]
    return {
        "info": [],
        "images": [{"id": int(number)} for number in numbers],
        "categories": [{"id": label} for label in sorted({entry["category_id"] for entry in entries})],
        "annotations": entries,
    }


def _guesses(numbers: Sequence[int], found: Sequence[Detections]) -> list[dict]:
    return [
        {"image_id": int(number), "category_id": label, "bbox": box, "score": score}
        for number, one in zip(numbers, found, strict=True)
        for label, box, score in zip(
            one.classes.tolist(), _corner_and_sides(one.boxes), one.scores.tolist(), strict=True
        )
    ]


def _hits(boxes: Boxes, classes: np.ndarray, kept: Detections) -> np.ndarray:
    """(2, N) whether each annotated box is found, and found with its class."""
    near = iou(boxes[:, None], kept.boxes[None]) >= FOUND
    return np.stack([near.any(axis=1), (near & (classes[:, None] == kept.classes[None])).any(axis=1)])


def _ends(annotations: Annotations, number: int) -> tuple[int, int]:
    rows = annotations.rows(number)
    return rows.start, rows.stop


def _corner_and_sides(boxes: Boxes) -> list[list[float]]:
    """COCO's form: x, y, width, height."""
    return np.concatenate([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]], axis=1).tolist()


def _silent(*_said: object) -> None:
    """COCO's code speaks of every step."""
