"""docs/method.md, 2 in plain loops, one image after another, and random cases for it. Shares no code with the package
but the hash that stands for "a seeded permutation" of ties."""

import json
from pathlib import Path
from statistics import fmean

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from relclip.core.parquet import (
    IMAGES,
    OBJECTS,
    PREDICTED_OBJECTS,
    PREDICTED_RELATIONS,
    RELATIONS,
    TRIPLETS,
)
from relclip.evaluate.ranking import tie_keys

CLASSES, PREDICATES = 4, 3
NEVER = 10**9


def random_case(random, images=10):
    """{image id: {objects, relations, predicted, rows}}; some without ground truth, some without predictions."""
    return {int(number): _scene(random) for number in random.choice(1000, images, replace=False)}


def _scene(random):
    count = int(random.integers(2, 6))
    objects = {
        int(key): (int(random.integers(1, CLASSES + 1)), _box(random))
        for key in random.permutation(9)[:count]
    }
    if random.random() < 0.4:  # a twin: one prediction may hit both
        key = next(iter(objects))
        objects[10] = (objects[key][0], _shaken(random, objects[key][1]))
    ids = list(objects)
    relations = [
        (int(random.choice(ids)), int(random.integers(1, PREDICATES + 1)), int(random.choice(ids)))
        for _ in range(int(random.integers(0, 9)))
    ]
    relations += relations[: int(random.integers(0, 3))]
    if 10 in objects:
        relations += [(10, p, o) for s, p, o in relations[:1] if s == ids[0] and o not in {s, 10}]
    predicted = {}
    for key, (true_label, box) in objects.items():
        label = true_label if random.random() < 0.8 else int(random.integers(1, CLASSES + 1))
        predicted[key] = (label, float(random.choice([0.25, 0.5, 0.875, 0.0])), _shaken(random, box))
        if random.random() < 0.5:
            predicted[key + 20] = (label, float(random.random()), _shaken(random, box))
    rows = []
    if random.random() < 0.85:
        pairs = [(i, j) for i in predicted for j in predicted if i != j and random.random() < 0.8]
        chosen = [(i, j, p) for i, j in pairs for p in range(1, PREDICATES + 1) if random.random() < 0.8]
        rows = [(i, j, p, float(np.round(random.normal(), 1))) for i, j, p in chosen]
    return {"objects": objects, "relations": relations, "predicted": predicted, "rows": rows}


def _box(random):
    x, y = (float(v) for v in random.integers(0, 30, 2))
    w, h = (float(v) for v in random.choice([9, 10, 19, 20], 2))
    return (x, y, x + w, y + h)


def _shaken(random, box):
    """The box, or the half of it that has IoU exactly 0.5 with it, with or without inclusive pixels, or another."""
    x1, y1, x2, y2 = box
    half = x1 + (x2 - x1) / 2
    inclusive_half = x1 + (x2 - x1 + 1) / 2 - 1
    kind = random.random()
    if kind < 0.5:
        return box
    if kind < 0.65:
        return (x1, y1, half, y2)
    if kind < 0.8:
        return (x1, y1, inclusive_half, y2)
    return (x1 + 2, y1, x2 + 2, y2)


def write_case(folder, case, split=lambda number: "test"):
    """Write a case as ground truth and predictions in the public contract; returns both folders."""
    truth, predictions = folder / "groundtruth", folder / "predictions"
    names = {
        "objects": [f"c{n}" for n in range(CLASSES)],
        "predicates": [f"p{n}" for n in range(PREDICATES)],
    }
    truth.mkdir(parents=True, exist_ok=True)
    (truth / "vocabulary.json").write_text(json.dumps(names))
    save(truth / "images.parquet", [(key, f"{key}.jpg", 90, 90, split(key)) for key in case], IMAGES)
    objects = [(key, k, c, *box) for key, scene in case.items() for k, (c, box) in scene["objects"].items()]
    save(truth / "objects.parquet", objects, OBJECTS)
    save(
        truth / "relations.parquet",
        [(k, *r) for k, scene in case.items() for r in scene["relations"]],
        RELATIONS,
    )
    found = [
        (key, k, c, s, *box) for key, scene in case.items() for k, (c, s, box) in scene["predicted"].items()
    ]
    save(predictions / "objects.parquet", found, PREDICTED_OBJECTS)
    rows = [(k, *row) for k, scene in case.items() for row in scene["rows"]]
    save(predictions / "relations.parquet", rows, PREDICTED_RELATIONS)
    return truth, predictions


def save(path: Path, rows, schema):
    """Plain Parquet: these tests write hundreds of files, and waiting for the disk tells nothing."""
    columns = list(zip(*rows, strict=True)) or [()] * len(schema)
    arrays = [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(arrays, schema=schema), path)


def write_triplets(path, triplets):
    save(path, [(*triplet, 1) for triplet in triplets], TRIPLETS)


def reference_metrics(case, task, switches, seen=None):
    """All metrics of a case as fractions, None where undefined."""
    images = [
        judged for number, scene in case.items() if (judged := _judge_image(number, scene, task, switches))
    ]
    if switches.empty_predictions == "skip":
        images = [image for image in images if image["predicted"]]
    metrics = {}
    for prefix in ("", "ng_"):
        for cutoff in (5, 10, 20, 50, 100):
            for name, value in _at(images, prefix, cutoff, switches.recall, seen).items():
                if cutoff >= 20 or name in {"recall", "mean_recall"}:
                    metrics[f"{prefix}{name}_at_{cutoff}"] = value
    return metrics


def reference_hits(case, task, switches):
    """(image, subject, predicate, object, rank, ng_rank) of each ground truth that counts, sorted; -1: no hit."""
    rows = []
    for number, scene in case.items():
        judged = _judge_image(number, scene, task, switches)
        if judged and (judged["predicted"] or switches.empty_predictions == "zero"):
            for _, places, key in judged["truths"]:
                rows.append(
                    (*key, *(-1 if places[prefix] == NEVER else places[prefix] for prefix in ("", "ng_")))
                )
    return sorted(rows)


def _at(images, prefix, cutoff, reading, seen):
    everything = [
        [(labels, places[prefix] < cutoff) for labels, places, _ in image["truths"]] for image in images
    ]

    def recall(wanted):
        lists = [[hit for labels, hit in image if wanted(labels)] for image in everything]
        lists = [hits for hits in lists if hits]
        if not lists:
            return None
        return (
            fmean(hit for hits in lists for hit in hits)
            if reading == "pooled"
            else fmean(fmean(hits) for hits in lists)
        )

    whole = recall(lambda labels: True)
    each = [recall(lambda labels, p=p: labels[1] == p) or 0.0 for p in range(1, PREDICATES + 1)]
    unseen = recall(lambda labels: labels not in seen) if seen is not None else None
    return {
        "recall": whole,
        "mean_recall": None if whole is None else fmean(each),
        "zero_shot_recall": unseen,
    }


def _judge_image(number, scene, task, switches):
    relations = scene["relations"]
    if switches.dedup:
        relations = list(dict.fromkeys(relations))
    if not relations:
        return None
    lists = ranked_rows(number, scene, task, switches)
    truths = []
    for s, p, o in relations:
        labels = (scene["objects"][s][0], p, scene["objects"][o][0])
        boxes = scene["objects"][s][1], scene["objects"][o][1]
        places = {
            prefix: next(
                (place for place, row in enumerate(rows) if is_hit(scene, row, labels, boxes, switches)),
                NEVER,
            )
            for prefix, rows in lists.items()
        }
        truths.append((labels, places, (number, s, p, o)))
    return {"truths": truths, "predicted": bool(lists["ng_"])}


def ranked_rows(number, scene, task, switches):
    predicted = scene["predicted"]
    rows = [
        row
        for row in scene["rows"]
        if not switches.require_overlap or _shared(predicted[row[0]][2], predicted[row[1]][2], 0) > 0
    ]

    keys = np.array([(number, *row[:3]) for row in rows], np.int64).reshape(-1, 4)
    ties = dict(
        zip(((row[0], row[1], row[2]) for row in rows), tie_keys(switches.seed, *keys.T.copy()), strict=True)
    )

    def tie(row):
        return ties[row[:3]]

    def score(row):
        own = np.float64(np.float32(row[3]))
        if task == "predcls":
            return own
        return (
            own * np.float64(np.float32(predicted[row[0]][1])) * np.float64(np.float32(predicted[row[1]][1]))
        )

    of_pair = {}
    for row in rows:
        of_pair.setdefault(row[:2], []).append(row)
    best = [min(some, key=lambda row: (-row[3], tie(row))) for some in of_pair.values()]
    order = {"": best, "ng_": rows}
    return {prefix: sorted(some, key=lambda row: (-score(row), tie(row))) for prefix, some in order.items()}


def is_hit(scene, row, labels, boxes, switches):
    subject, other = scene["predicted"][row[0]], scene["predicted"][row[1]]
    extra = 1 if switches.pixel_inclusive else 0
    return (subject[0], row[2], other[0]) == labels and all(
        2 * _shared(box, found[2], extra)
        >= _area(box, extra) + _area(found[2], extra) - _shared(box, found[2], extra)
        for box, found in zip(boxes, (subject, other), strict=True)
    )


def _area(box, extra):
    x1, y1, x2, y2 = box
    return (x2 - x1 + extra) * (y2 - y1 + extra)


def _shared(a, b, extra):
    """Exact: all coordinates are multiples of a half."""
    width = min(a[2], b[2]) - max(a[0], b[0]) + extra
    height = min(a[3], b[3]) - max(a[1], b[1]) + extra
    return max(width, 0.0) * max(height, 0.0)
