"""Proposals against slow, obvious references: NMS, limits, boxes of the file, mAP and recall."""

import shutil
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from relclip.compute.schedule import batch_numbers
from relclip.core.boxes import iou
from relclip.core.errors import InputError
from relclip.core.params.detector import Detector
from relclip.detector.network import DetectorConfig, build
from relclip.detector.pictures import Picture, Pictures, shrink
from relclip.detector.proposals import Detections, detect_batch, in_file, prepare_model, propose, table
from relclip.detector.stage import judge, mean_average_precision
from relclip.detector.training import mirror


def _random(random, count, side=100.0, classes=3):
    low = random.uniform(0, side * 0.7, (count, 2))
    boxes = np.concatenate([low, low + random.uniform(3, side * 0.3, (count, 2))], axis=1).astype(np.float32)
    scores = np.sort(random.choice(np.linspace(0, 1, 30), count).astype(np.float32))[::-1].copy()
    return Detections(boxes, random.integers(1, classes + 1, count), scores)


def _slow_proposals(found, settings):
    kept = []
    for row in range(len(found)):
        near = [iou(found.boxes[row], found.boxes[other]) > settings.nms for other in kept]
        if found.scores[row] > settings.score and not any(near) and len(kept) < settings.per_image:
            kept.append(row)
    return kept


@pytest.mark.parametrize("count", [0, 1, 2, 40, 200])
@pytest.mark.parametrize("per_image", [5, 64])
def test_proposals_are_those_of_the_obvious_loop(count, per_image):
    settings = Detector(per_image=per_image, score=0.2, nms=0.3)
    found = _random(np.random.default_rng(count), count)
    kept = _slow_proposals(found, settings)
    fast = propose(found, settings)
    assert np.array_equal(fast.boxes, found.boxes[kept]) and np.array_equal(fast.classes, found.classes[kept])


def test_boxes_return_to_the_file_and_stay_inside():
    picture = Picture(torch.zeros((3, 50, 100), dtype=torch.uint8), width=400, height=200)
    boxes = torch.tensor([[-3.0, 10, 20, 60], [1, 1, 2, 2], [101, 0, 105, 9], [0, 51, 9, 55], [30, 5, 30, 9]])
    found = in_file(boxes, torch.arange(1, 6), torch.tensor([0.3, 0.9, 0.8, 0.7, 0.6]), picture)
    assert found.boxes.tolist() == [[4, 4, 8, 8], [0, 40, 80, 200]] and found.classes.tolist() == [2, 1]
    assert found.scores.tolist() == pytest.approx([0.9, 0.3])


def test_boxes_as_sure_as_each_other_stay_in_their_order():
    picture = Picture(torch.zeros((3, 50, 100), dtype=torch.uint8), width=100, height=50)
    boxes = torch.tensor([[place, 0.0, place + 5, 9] for place in range(90)])
    found = in_file(boxes, torch.arange(90), torch.tensor([0.5, 0.9]).repeat(45), picture)
    assert found.classes.tolist() == [*range(1, 90, 2), *range(0, 90, 2)]


@pytest.mark.parametrize(("per_image", "room"), [(10, 100), (50, 100), (64, 128)])
def test_the_network_gives_as_many_as_coco_judges_and_room_for_what_nms_takes(per_image, room):
    model = SimpleNamespace(roi_heads=SimpleNamespace(), eval=lambda: "ready")
    assert prepare_model(model, Detector(per_image=per_image, score=0.07, class_nms=0.4)) == "ready"
    assert vars(model.roi_heads) == {"score_thresh": 0.07, "nms_thresh": 0.4, "detections_per_img": room}


def test_a_picture_gets_the_boxes_that_it_gets_alone():
    """The stage padded pictures of a batch to the widest and highest, and so found others than `relclip predict`."""
    torch.manual_seed(0)
    sides = ((64, 36), (40, 64), (64, 48))
    pictures = [Picture(torch.randint(0, 256, (3, h, w), dtype=torch.uint8), w, h) for w, h in sides]
    settings = Detector(image_size=64, score=0.0)
    model = prepare_model(build(DetectorConfig(backbone="small", image_size=64, classes=3)), settings)
    together = detect_batch(model, pictures, torch.device("cpu"))
    for picture, found in zip(pictures, together, strict=True):
        (alone,) = detect_batch(model, [picture], torch.device("cpu"))
        assert len(alone) and np.array_equal(found.boxes, alone.boxes)
        assert np.array_equal(found.scores, alone.scores)


def test_the_table_numbers_objects_in_each_image():
    found = [_random(np.random.default_rng(seed), count) for seed, count in enumerate((3, 0, 2))]
    rows = [tuple(row.values()) for row in table(np.array([7, 8, 9]), found).to_pylist()]
    assert rows == [
        (image, number, one.classes[number], one.scores[number], *one.boxes[number].tolist())
        for image, one in zip((7, 8, 9), found, strict=True)
        for number in range(len(one))
    ]
    assert table(np.array([7]), [found[1]]).num_rows == 0 == table(np.array([]), []).num_rows


def _annotated(random, images):
    each = [_random(random, int(random.integers(1, 9))) for _ in range(images)]
    first = np.concatenate([[0], np.cumsum([len(one) for one in each])])
    return each, SimpleNamespace(
        boxes=np.concatenate([one.boxes for one in each]),
        class_id=np.concatenate([one.classes for one in each]),
        rows=lambda number: slice(int(first[number]), int(first[number + 1])),
    )


def test_perfect_proposals_have_a_map_of_one():
    each, annotations = _annotated(np.random.default_rng(0), 6)
    report = judge(annotations, range(6), each, each)
    assert report["mAP50"] == report["mAP50_proposals"] == report["recall"] == report["recall_labelled"] == 1
    assert report["boxes"] == sum(map(len, each)) and report["proposals_per_image"] * 6 == report["boxes"]
    nothing = [one.rows(slice(0, 0)) for one in each]
    report = judge(annotations, range(6), nothing, nothing)
    assert report["mAP50"] == report["recall"] == report["proposals_per_image"] == 0


def _slow_map(annotations, found):
    """COCO at IoU 0.5: greedy matches by falling score, precision made falling, read at 101 recalls."""
    means = []
    for label in np.unique(annotations.class_id):
        rows, known = [], 0
        for number, one in enumerate(found):
            part = annotations.rows(number)
            boxes = annotations.boxes[part][annotations.class_id[part] == label]
            known, free = known + len(boxes), list(range(len(boxes)))
            for row in np.flatnonzero(one.classes == label):
                near = [(iou(one.boxes[row], boxes[place]), place) for place in free]
                best = max(near, default=(0, -1))
                rows.append((-one.scores[row], best[0] >= 0.5))
                if best[0] >= 0.5:
                    free.remove(best[1])
        hits = np.cumsum([hit for _, hit in sorted(rows, key=lambda row: row[0])])
        precision = [hit / (place + 1) for place, hit in enumerate(hits)]
        reached = [
            max([precision[k] for k in range(len(hits)) if hits[k] >= recall * known - 1e-9], default=0)
            for recall in np.linspace(0, 1, 101)
        ]
        means.append(np.mean(reached))
    return np.mean(means)


def test_map_and_recall_are_those_of_the_obvious_loops():
    random = np.random.default_rng(3)
    each, annotations = _annotated(random, 12)
    found = []
    for one in each:
        moved = (one.boxes + random.normal(0, 1.5, one.boxes.shape)).astype(np.float32)
        moved[:, 2:] = np.maximum(moved[:, 2:], moved[:, :2] + 1)
        wrong = _random(random, 4)
        boxes, classes = np.concatenate([moved, wrong.boxes]), np.concatenate([one.classes, wrong.classes])
        scores = random.permutation(np.linspace(0.1, 1, len(boxes))).astype(np.float32)
        order = np.argsort(-scores)
        found.append(Detections(boxes[order], classes[order], scores[order]))
    got = mean_average_precision(each, found)
    assert 0.2 < got < 0.95 and got == pytest.approx(_slow_map(annotations, found), abs=1e-6)
    report = judge(annotations, range(12), found, found)
    near = [
        max(iou(box, other) for other in one.boxes) >= 0.5
        for true, one in zip(each, found, strict=True)
        for box in true.boxes
    ]
    assert report["recall"] == pytest.approx(np.mean(near))


def test_mirrored_boxes_cover_the_same_pixels():
    pixels = torch.randint(0, 255, (3, 8, 12), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
    flipped, boxes = mirror(pixels, torch.tensor([[1.0, 2, 5, 7]]))
    x1, y1, x2, y2 = boxes[0].int().tolist()
    assert torch.equal(flipped[:, y1:y2, x1:x2].flip(2), pixels[:, 2:7, 1:5])


def test_every_epoch_shows_every_picture():
    shown = np.concatenate([batch_numbers(0, step, 5, 3) for step in range(5)])
    assert [sorted(shown[first : first + 5]) for first in (0, 5, 10)] == [[0, 1, 2, 3, 4]] * 3


def test_pictures_are_kept_or_streamed(trained, tmp_path):
    assert shrink(torch.zeros((30, 60, 3), dtype=torch.uint8), 32).shape == (3, 16, 32)
    path = shutil.copy(trained.raw / "images" / "1.jpg", tmp_path / "1.jpg")
    kept, streamed = (Pictures([path], 64, room) for room in (1 << 20, 0))
    assert torch.equal(kept[0].pixels, streamed[0].pixels) and kept[0].scale[0].item() == pytest.approx(
        64 / 48
    )
    path.unlink()
    assert kept[0].width == 48
    with pytest.raises(InputError, match="does not exist"):
        streamed[0]
