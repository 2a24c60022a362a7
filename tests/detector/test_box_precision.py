"""mAP50 equals COCO's own code, ties, empty images and unknown classes included."""

import numpy as np
import pytest

from relclip.core.box_precision import COCO_LIMIT, LabelledBoxes, mean_average_precision


def some_boxes(random, count, images, classes):
    corner = random.integers(0, 20, (count, 2))
    boxes = np.concatenate([corner, corner + random.integers(4, 20, (count, 2))], axis=1).astype(float)
    score = random.integers(1, 6, count) / 8
    return LabelledBoxes(random.integers(0, images, count), random.integers(1, classes, count), boxes, score)


def entries(boxes):
    for number, (image, label, box, score) in enumerate(zip(*boxes, strict=True), 1):
        x, y, x2, y2 = box.tolist()
        yield {"id": number, "image_id": int(image), "category_id": int(label), "bbox": [x, y, x2 - x, y2 - y],
               "area": (x2 - x) * (y2 - y), "iscrowd": 0, "score": float(score)}  # fmt: skip


def by_coco(found, true):
    coco = pytest.importorskip("faster_coco_eval")
    known = coco.COCO({
        "info": [], "images": [{"id": int(one)} for one in np.union1d(found.image, true.image)],
        "categories": [{"id": int(one)} for one in np.unique(true.class_id)], "annotations": list(entries(true)),
    })  # fmt: skip
    kept = np.isin(found.class_id, true.class_id)
    guesses = list(entries(LabelledBoxes(*(column[kept] for column in found))))
    judged = coco.COCOeval_faster(
        known, known.loadRes(guesses), iouType="bbox", print_function=lambda *_: None
    )
    judged.params.iouThrs, judged.params.maxDets = np.array([0.5]), [COCO_LIMIT]
    judged.params.areaRng, judged.params.areaRngLbl = [[0.0, 1e10]], ["all"]
    judged.evaluate()
    judged.accumulate()
    precision = np.asarray(judged.eval["precision"])
    return precision[precision > -1].mean()


@pytest.mark.parametrize("seed", range(30))
def test_equals_coco_s_code(seed):
    random = np.random.default_rng(seed)
    crowded = seed % 10 == 0  # more than COCO_LIMIT boxes of a class and image
    found, true = some_boxes(random, 900 if crowded else 90, 3, 4), some_boxes(random, 40, 4, 4)
    assert mean_average_precision(found, true) == pytest.approx(by_coco(found, true), abs=1e-12)


def test_nothing_true_is_undefined_and_nothing_found_is_zero():
    one, none = some_boxes(np.random.default_rng(0), 3, 2, 3), some_boxes(np.random.default_rng(0), 0, 2, 3)
    assert np.isnan(mean_average_precision(one, none))
    assert mean_average_precision(none, one) == 0 and mean_average_precision(one, one) == 1
