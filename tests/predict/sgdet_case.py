"""Proposals for a small data set, and what SGDet must make of them, image by image in plain loops."""

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from free_case import save
from tiny_dataset import CLASSES

from relclip.core.parquet import PREDICTED_OBJECTS
from relclip.model import ImageSet, Regions, collate, load_model

ALL = 10**6
CPU = torch.device("cpu")
CLASS_IOU = 0.5


def near(box, other):
    """IoU of two boxes, in plain numbers."""
    width = max(0.0, min(box[2], other[2]) - max(box[0], other[0]))
    height = max(0.0, min(box[3], other[3]) - max(box[1], other[1]))
    areas = [(one[2] - one[0]) * (one[3] - one[1]) for one in (box, other)]
    return width * height / (sum(areas) - width * height)


def slow_nms(rows, most):
    """rows: [(id, box, class, score)] -> ids that stay, the best first."""
    stays = []
    for row in sorted(rows, key=lambda row: -row[3]):
        if all(row[2] != other[2] or near(row[1], other[1]) <= most for other in stays):
            stays.append(row)
    return [row[0] for row in stays]


def write_proposals(root, classes=CLASSES, seed=3):
    """Each object of the data set twice, moved a little, under ids with gaps; none of the first image of test."""
    random, rows = np.random.default_rng(seed), []
    images = pq.read_table(root / "dataset" / "images.parquet").sort_by("image_id").to_pylist()
    without = next(row["image_id"] for row in images if row["split"] == "test")
    for row in pq.read_table(root / "dataset" / "objects.parquet").to_pylist():
        if row["image_id"] != without:
            box = np.array([row[name] for name in ("x1", "y1", "x2", "y2")])
            for copy in range(2):
                moved = np.float32(box + random.normal(0, 2, 4)).tolist()
                found = int(random.integers(1, len(classes) + 1)), float(random.uniform(0.1, 1))
                rows.append((row["image_id"], 3 * row["object_id"] + copy, *found, *moved))
    path = root / "proposals.parquet"
    save(path, sorted(rows), PREDICTED_OBJECTS)
    return path, without


def read(folder):
    """({(image, object): (class, score, box)}, {(image, subject, object, predicate): score})."""
    objects, relations = (
        pq.read_table(folder / f"{name}.parquet").to_pylist() for name in ("objects", "relations")
    )
    labels = {}
    for row in objects:
        box = tuple(row[name] for name in ("x1", "y1", "x2", "y2"))
        labels[row["image_id"], row["object_id"]] = (row["class_id"], row["score"], box)
    names = ("image_id", "subject_id", "object_id", "predicate_id")
    return labels, {tuple(row[name] for name in names): row["score"] for row in relations}


def one_at_a_time(root, model, proposals, request, class_iou):
    """What SGDet must give, image by image in plain loops."""
    network = load_model(model, CPU)
    images = ImageSet.load(root / "dataset", root / "features", "test")
    labels, rows = {}, {}
    for number, image in enumerate(images.image_ids.tolist()):
        found = [row for row in pq.read_table(proposals).to_pylist() if row["image_id"] == image]
        if not found:
            continue
        boxes = np.float32([[row[name] for name in ("x1", "y1", "x2", "y2")] for row in found])
        made = ImageSet.from_arrays(
            image_ids=images.image_ids[number : number + 1],
            sizes=images.sizes[number : number + 1],
            maps=images.maps,
            map_rows=images.map_rows[number : number + 1],
            object_counts=np.array([len(found)]),
            object_ids=np.int32([row["object_id"] for row in found]),
            class_ids=np.zeros(len(found), np.int64),
            boxes=boxes,
        )
        chances = seen(network, made).object_logits.softmax(1)[:, 1:].tolist()
        named = []
        for place, row in enumerate(found):
            best = max(range(len(CLASSES)), key=lambda name, place=place: chances[place][name])
            times = row["score"] if request.params.sgdet_score == "classifier_times_detector" else 1
            named.append((place, boxes[place].tolist(), best + 1, chances[place][best] * times))
        kept = slow_nms(named, class_iou)
        for place, box, class_, score in named:
            if place in kept:
                labels[image, found[place]["object_id"]] = (
                    class_,
                    pytest.approx(score, rel=1e-4),
                    tuple(box),
                )
        both = [(i, j) for i in sorted(kept) for j in sorted(kept) if i != j]
        groups = [[pair for pair in both if near(boxes[pair[0]], boxes[pair[1]]) > 0]]
        if request.params.pairs == "all":
            groups.append([pair for pair in both if pair not in groups[0]])
        for pairs in groups:
            some = made.with_pairs([np.array(pairs, np.int64).reshape(-1, 2)])
            for (i, j), score in zip(
                pairs, seen(network, some).predicate_logits.softmax(1).tolist(), strict=True
            ):
                ids = found[i]["object_id"], found[j]["object_id"]
                rows |= {(image, *ids, predicate): score[predicate] for predicate in range(1, len(score))}
    return labels, rows


def seen(network, images):
    with torch.no_grad():
        return network(
            collate(Regions(images, network.config.roi_size, CPU), range(len(images))), "predicted"
        )
