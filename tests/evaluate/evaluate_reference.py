"""docs/method.md, 2 in plain loops, one image after another, and random cases for it. Shares no code with the package
but the hash that stands for "a seeded permutation" of ties."""

import json
from collections import Counter
from itertools import accumulate
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
#: The id of an object that another one's prediction may hit too.
TWIN = 10
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
        objects[TWIN] = (objects[key][0], _shaken(random, objects[key][1]))
    ids = list(objects)
    relations = [
        (int(random.choice(ids)), int(random.integers(1, PREDICATES + 1)), int(random.choice(ids)))
        for _ in range(int(random.integers(0, 9)))
    ]
    relations += relations[: int(random.integers(0, 3))]
    if TWIN in objects:
        relations += [(TWIN, p, o) for s, p, o in relations[:1] if s == ids[0] and o not in {s, TWIN}]
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
    """All metrics of a case as fractions, None where undefined. seen: the triplets of train, each once."""
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
    if task == "sgdet":
        metrics |= {name: None for name in metrics if "accuracy" in name}
    boxes = {"box_map50": reference_box_map(case) if task == "sgdet" else None}
    return metrics | reference_open_images(case, task, switches) | boxes


def reference_box_map(case):
    """COCO at IoU 0.5: greedy matches by falling score, precision made falling, read at 101 recalls."""
    means = []
    for label in sorted({label for scene in case.values() for label, _ in scene["objects"].values()}):
        rows, known = [], 0
        for number in sorted(case):
            free = [box for _, (one, box) in sorted(case[number]["objects"].items()) if one == label]
            known += len(free)
            found = [
                (-s, key, box) for key, (one, s, box) in case[number]["predicted"].items() if one == label
            ]
            for score, _, box in sorted(found)[:100]:
                best = max(range(len(free)), key=lambda at: (_plain_iou(box, free[at]), at), default=None)
                hit = best is not None and _plain_iou(box, free[best]) >= 0.5
                rows.append((score, hit))
                if hit:
                    free.pop(best)
        right, precisions = 0, []
        for place, (_, hit) in enumerate(sorted(rows, key=lambda row: row[0]), 1):
            right += hit
            precisions.append((right / known, right / place))
        reached = [max((p for r, p in precisions if r >= at), default=0) for at in np.linspace(0, 1, 101)]
        means.append(sum(reached) / 101)
    return sum(means) / len(means) if means else None


def _plain_iou(a, b):
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    shared = max(width, 0) * max(height, 0)
    return shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared)


def reference_open_images(case, task, switches):
    """wmAP of relations and phrases and the score of Open Images: every prediction against every ground truth."""
    lists, truths, early = [], [], set()
    for number, scene in sorted(case.items()):
        relations = list(dict.fromkeys(scene["relations"])) if switches.dedup else scene["relations"]
        rows, of_pair = [], {}
        for row in ranked_rows(number, scene, task, switches)["ng_"]:
            of_pair.setdefault(row[:2], []).append(row)
            rows += [row] if len(of_pair[row[:2]]) <= 2 else []
        if switches.empty_predictions == "zero" or rows:
            truths += [(number, place, p) for place, (_, p, _) in enumerate(relations)]
        for place, row in enumerate(rows[:100]):
            lists.append((number, place, row[2], _triplet_score(scene, row, task), scene, row, relations))
            early |= {
                (number, at)
                for at, (s, p, o) in enumerate(relations)
                if place < 50
                and is_hit(
                    scene,
                    row,
                    (scene["objects"][s][0], p, scene["objects"][o][0]),
                    _ends(scene, s, o),
                    switches,
                )
            }
    if not truths:
        return dict.fromkeys(("wmap_relation", "wmap_phrase", "open_images_score"))
    lists.sort(key=lambda one: (-one[3], one[0], one[1]))
    relation, phrase = (
        sum(
            among * _precision([one for one in lists if one[2] == p], among, fits, switches)
            for p, among in Counter(p for *_, p in truths).items()
        )
        / len(truths)
        for fits in (_fit_of_boxes, _fit_of_union)
    )
    score = 0.2 * len(early) / len(truths) + 0.4 * relation + 0.4 * phrase
    return {"wmap_relation": relation, "wmap_phrase": phrase, "open_images_score": score}


def _precision(ranking, among, fits, switches):
    """Average precision of one predicate with `among` ground truths."""
    taken, right = set(), []
    for number, _, _, _, scene, row, relations in ranking:
        overlaps = [
            (fits(scene, row, s, o, switches), -at)
            for at, (s, p, o) in enumerate(relations)
            if (scene["predicted"][row[0]][0], row[2], scene["predicted"][row[1]][0])
            == (scene["objects"][s][0], p, scene["objects"][o][0])
        ]
        best = max(overlaps, default=(0.0, 0))
        key = (number, best[1]) if best[0] > 0.5 else None
        right.append(key is not None and key not in taken)
        taken.add(key)
    precisions = [found / (end + 1) for end, found in enumerate(accumulate(right))]
    best_from_here = list(accumulate(reversed(precisions), max))[::-1]
    return sum(best for best, one in zip(best_from_here, right, strict=True) if one) / among


def _ends(scene, s, o):
    return scene["objects"][s][1], scene["objects"][o][1]


def _fit_of_boxes(scene, row, s, o, switches):
    found = (scene["predicted"][end][2] for end in row[:2])
    return min(_iou(a, b, switches) for a, b in zip(_ends(scene, s, o), found, strict=True))


def _fit_of_union(scene, row, s, o, switches):
    found = (scene["predicted"][end][2] for end in row[:2])
    return _iou(_around(*_ends(scene, s, o)), _around(*found), switches)


def _iou(a, b, switches):
    extra = 1 if switches.pixel_inclusive else 0
    shared = _shared(a, b, extra)
    return shared / (_area(a, extra) + _area(b, extra) - shared)


def reference_hits(case, task, switches):
    """(image, subject, predicate, object, places) of each ground truth that counts, sorted; -1: no hit."""
    names = ["rank", "ng_rank", "phrase_rank", "ng_phrase_rank", "pair_rank"]
    names += [] if task == "sgdet" else ["given_rank", "ng_given_rank"]
    rows = []
    for number, scene in case.items():
        judged = _judge_image(number, scene, task, switches)
        if judged and (judged["predicted"] or switches.empty_predictions == "zero"):
            for _, places, key in judged["truths"]:
                rows.append((*key, *(-1 if places[name] == NEVER else places[name] for name in names)))
    return sorted(rows)


def reference_counts(case, task, switches):
    """What is met on the way, an image after another."""
    found = Counter(images=len(case))
    for number, scene in case.items():
        kept = ranked_rows(number, scene, task, switches)["ng_"]
        relations = list(dict.fromkeys(scene["relations"])) if switches.dedup else scene["relations"]
        scores = Counter(_triplet_score(scene, row, task) for row in kept)
        found["images_without_groundtruth"] += not relations
        found["images_without_prediction"] += bool(relations) and not kept
        found["groundtruth"] += len(relations)
        found["groundtruth_duplicates"] += len(scene["relations"]) - len(relations)
        found["groundtruth_without_overlap"] += sum(_apart(scene["objects"], s, o) for s, _, o in relations)
        found["predictions"] += len(scene["rows"])
        found["predictions_without_overlap"] += sum(
            _apart(scene["predicted"], *row[:2]) for row in scene["rows"]
        )
        found["predictions_without_overlap_dropped"] += len(scene["rows"]) - len(kept)
        found["predictions_tied"] += sum(count for count in scores.values() if count > 1)
    return dict(found)


def _apart(objects, s, o):
    return _shared(objects[s][-1], objects[o][-1], 0) == 0


def _at(images, prefix, cutoff, reading, seen):
    def recall(wanted=lambda labels: True, rank="rank"):
        lists = [
            [places[f"{prefix}{rank}"] < cutoff for labels, places, _ in image["truths"] if wanted(labels)]
            for image in images
        ]
        lists = [hits for hits in lists if hits]
        if not lists:
            return None
        return (
            fmean(hit for hits in lists for hit in hits)
            if reading == "pooled"
            else fmean(fmean(hits) for hits in lists)
        )

    numbers = range(1, PREDICATES + 1)
    whole = recall()
    each = {p: recall(lambda labels, p=p: labels[1] == p) or 0.0 for p in numbers}
    found = {
        "recall": whole,
        "phrase_recall": recall(rank="phrase_rank"),
        "accuracy": recall(rank="given_rank"),
    }
    found["mean_recall"] = mean = None if whole is None else fmean(each.values())
    found["f1"] = None if whole is None else whole and mean and 2 / (1 / whole + 1 / mean)
    if not prefix:
        found["pair_recall"] = recall(rank="pair_rank")
    unseen = (
        [recall(lambda labels, p=p: labels not in seen and labels[1] == p) for p in numbers] if seen else []
    )
    unseen = [value for value in unseen if value is not None]
    found["zero_shot_recall"] = recall(lambda labels: labels not in seen) if seen is not None else None
    found["zero_shot_mean_recall"] = fmean(unseen) if unseen else None
    times = {p: sum(triplet[1] == p for triplet in seen) for p in numbers} if seen is not None else None
    frequent_first = sorted(numbers, key=lambda p: -times[p]) if times else []
    for place, part in enumerate(("head", "body", "tail")):  # three predicates: one each
        known = whole is not None and seen is not None
        found[f"{part}_mean_recall"] = each[frequent_first[place]] if known else None
    return found


def _judge_image(number, scene, task, switches):
    relations = scene["relations"]
    if switches.dedup:
        relations = list(dict.fromkeys(relations))
    if not relations:
        return None
    lists = ranked_rows(number, scene, task, switches)
    annotated = {(s, o) for s, _, o in relations}
    truths = []
    for s, p, o in relations:
        labels = (scene["objects"][s][0], p, scene["objects"][o][0])
        boxes = scene["objects"][s][1], scene["objects"][o][1]
        case = (scene, labels, boxes, switches)
        places = {"pair_rank": _first(lists[""], lambda row, case=case: _is_pair_hit(row, *case))}
        for prefix, rows in lists.items():
            given = [row for row in rows if row[:2] in annotated]
            places[f"{prefix}rank"] = _first(rows, lambda row, case=case: _is_hit(row, *case))
            places[f"{prefix}given_rank"] = _first(given, lambda row, case=case: _is_hit(row, *case))
            places[f"{prefix}phrase_rank"] = _first(rows, lambda row, case=case: _is_phrase_hit(row, *case))
        truths.append((labels, places, (number, s, p, o)))
    return {"truths": truths, "predicted": bool(lists["ng_"])}


def _first(rows, hits):
    return next((place for place, row in enumerate(rows) if hits(row)), NEVER)


def _is_hit(row, scene, labels, boxes, switches):
    return is_hit(scene, row, labels, boxes, switches)


def _is_pair_hit(row, scene, labels, boxes, switches):
    return is_hit(scene, (*row[:2], labels[1], row[3]), labels, boxes, switches)


def _is_phrase_hit(row, scene, labels, boxes, switches):
    """The labels agree, and the boxes around both overlap by half."""
    subject, other = scene["predicted"][row[0]], scene["predicted"][row[1]]
    true, found = _around(*boxes), _around(subject[2], other[2])
    return (subject[0], row[2], other[0]) == labels and _is_half(true, found, switches)


def _around(a, b):
    return (min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3]))


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
        return (row[2], row[0], row[1]) if switches.ties == "lowest" else ties[row[:3]]

    def score(row):
        return _triplet_score(scene, row, task)

    of_pair = {}
    for row in rows:
        of_pair.setdefault(row[:2], []).append(row)
    best = [min(some, key=lambda row: (-row[3], tie(row))) for some in of_pair.values()]
    order = {"": best, "ng_": rows}
    return {prefix: sorted(some, key=lambda row: (-score(row), tie(row))) for prefix, some in order.items()}


def _triplet_score(scene, row, task):
    own = np.float64(np.float32(row[3]))
    if task == "predcls":
        return own
    subject, other = (np.float64(np.float32(scene["predicted"][end][1])) for end in row[:2])
    return own * subject * other


def is_hit(scene, row, labels, boxes, switches):
    subject, other = scene["predicted"][row[0]], scene["predicted"][row[1]]
    return (subject[0], row[2], other[0]) == labels and all(
        _is_half(box, found[2], switches) for box, found in zip(boxes, (subject, other), strict=True)
    )


def _is_half(a, b, switches):
    """IoU of at least 0.5."""
    extra = 1 if switches.pixel_inclusive else 0
    shared = _shared(a, b, extra)
    return 2 * shared >= _area(a, extra) + _area(b, extra) - shared


def _area(box, extra):
    x1, y1, x2, y2 = box
    return (x2 - x1 + extra) * (y2 - y1 + extra)


def _shared(a, b, extra):
    """Exact: all coordinates are multiples of a half."""
    width = min(a[2], b[2]) - max(a[0], b[0]) + extra
    height = min(a[3], b[3]) - max(a[1], b[1]) + extra
    return max(width, 0.0) * max(height, 0.0)
