"""A small data set with CLIP scores, and the four rows that need no training in plain loops (docs/method.md, 4)."""

import math
from pathlib import Path

import numpy as np
import pyarrow as pa

from relclip.core.parquet import EXT_SCORES, IMAGES, OBJECT_SCORES, OBJECTS, RELATIONS, TRIPLETS, write_table
from relclip.core.vocabulary import Vocabulary

CLASSES, PREDICATES = 4, 5


def write_free_case(root: Path, seed: int = 0, images: int = 12, largest: int = 7) -> dict:
    """Write dataset/, kb/, ext/ under `root`; returns the same as Python values."""
    random = np.random.default_rng(seed)
    ids = sorted(random.choice(500, images, replace=False).tolist())
    split = {number: ("train", "val", "test")[place % 3] for place, number in enumerate(ids)}
    boxes, label, top, logits = {}, {}, {}, {"scores": {}, "sgcls_scores": {}}
    for image in ids:
        count = int(random.integers(0, largest))
        for number in sorted(random.choice(30, count, replace=False).tolist()):
            low = random.integers(0, 60, 2)
            boxes[image, number] = (*map(float, low), *map(float, low + random.integers(5, 40, 2)))
            label[image, number] = int(random.integers(1, CLASSES + 1))
            top[image, number] = random.dirichlet(np.ones(CLASSES)).round(2).astype(np.float32).tolist()
    for (image, i), (other, j) in [(a, b) for a in boxes for b in boxes if a[0] == b[0] and a != b]:
        if overlap(boxes[image, i], boxes[other, j]) and split[image] != "train":
            for scores in logits.values():
                for predicate in range(1, PREDICATES + 1):
                    scores[image, i, j, predicate] = float(np.float32(random.normal() * 3))
    counts = {
        (s, p, o): int(random.integers(1, 9))
        for s in range(1, CLASSES + 1)
        for p in range(1, PREDICATES + 1)
        for o in range(1, CLASSES + 1)
        if (s + o) % 3 and random.random() < 0.5
    }
    case = {"split": split, "boxes": boxes, "label": label, "top": top, "logits": logits, "counts": counts}
    _write(root, case, random)
    return case


def _write(root, case, random):
    names = Vocabulary(tuple(f"c{n}" for n in range(CLASSES)), tuple(f"p{n}" for n in range(PREDICATES)))
    names.save(root / "dataset" / "vocabulary.json")
    images = [(key, f"{key}.jpg", 100, 100, split) for key, split in case["split"].items()]
    save(root / "dataset" / "images.parquet", images, IMAGES)
    objects = [(*key, case["label"][key], *box) for key, box in case["boxes"].items()]
    save(root / "dataset" / "objects.parquet", objects, OBJECTS)
    pairs = [(a, b) for a in case["boxes"] for b in case["boxes"] if a[0] == b[0] and a != b]
    relations = [
        (a[0], a[1], int(random.integers(1, PREDICATES + 1)), b[1]) for a, b in pairs if random.random() < 0.3
    ]
    save(root / "dataset" / "relations.parquet", relations, RELATIONS)
    save(root / "kb" / "triplets.parquet", [(*key, count) for key, count in case["counts"].items()], TRIPLETS)
    top = [(*key, n, s) for key, scores in case["top"].items() for n, s in enumerate(scores, 1)]
    save(
        root / "ext" / "objects.parquet",
        [row for row in top if case["split"][row[0]] != "train"],
        OBJECT_SCORES,
    )
    for name, scores in case["logits"].items():
        save(root / "ext" / f"{name}.parquet", [(*key, score) for key, score in scores.items()], EXT_SCORES)


def save(path, rows, schema):
    columns = list(zip(*rows, strict=True)) or [()] * len(schema)
    arrays = [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
    write_table(path, pa.table(arrays, schema=schema), schema)


def overlap(a, b):
    return min(a[2], b[2]) > max(a[0], b[0]) and min(a[3], b[3]) > max(a[1], b[1])


def expected(case, method, task):
    """({(image, object): (class, score)}, {(image, subject, object, predicate): score}) of val and test, unbounded."""
    keys = [key for key in case["boxes"] if case["split"][key[0]] != "train"]
    labels = {key: (case["label"][key], 1.0) for key in keys}
    if task == "sgcls":
        labels = {
            key: max(((n, s) for n, s in enumerate(case["top"][key], 1)), key=lambda v: (v[1], -v[0]))
            for key in keys
        }
    logits = case["logits"]["scores" if task == "predcls" else "sgcls_scores"]
    rows = {}
    for a in keys:
        for b in keys:
            if a[0] == b[0] and a != b and overlap(case["boxes"][a], case["boxes"][b]):
                pair = (a[0], a[1], b[1])
                found = pair_scores(
                    case["counts"],
                    method,
                    labels[a][0],
                    labels[b][0],
                    {p: logits[(*pair, p)] for p in range(1, PREDICATES + 1)},
                )
                rows |= {(*pair, predicate): score for predicate, score in found.items()}
    return labels, rows


def pair_scores(counts, method, subject, object_, logits):
    count = {p: counts.get((subject, p, object_), 0) for p in range(1, PREDICATES + 1)}
    candidates = [p for p in count if count[p]]
    if method == "ext":
        candidates = list(count)
    if not candidates:
        return {}
    if method == "kb":
        weight = dict.fromkeys(candidates, 1.0)
    elif method == "kb_counts":
        weight = count
    else:
        weight = {p: math.exp(logits[p]) for p in candidates}
    total = sum(weight[p] for p in candidates)
    return {p: weight[p] / total if p in candidates else 0.0 for p in count}
