"""Evaluator on a synthetic test set of Visual Genome's size: ours, the classic evaluator, a plain early-exit loop.

    python benchmarks/evaluate.py speed [--images 26000] [--sample 600]    all three in the same run
    python benchmarks/evaluate.py scale [--images 13000]                   once, twice, four times: linear? memory?

SGDet: 64 predicted boxes an image, 150 classes, 20 predicates, 100 pairs with two scored predicates each (what can
reach a top 100), 12 true objects, 7 true relations. Ours is the whole public command in a process of its own: start of
Python, reading, both graph settings, 1,000 bootstrap samples, writing. The other two get the first --sample images as
arrays in memory and are charged for their loops alone, without start, reading or bootstrap; the classic evaluator gets
all 4,032 pairs, as it needs. Their seconds for all images are extrapolated. Processor seconds are what counts on a
machine that others use.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from functools import reduce
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from measured import measured

from relclip.core.command import AsWritten
from relclip.core.vocabulary import Vocabulary

CLASSES, PREDICATES, BOXES, PAIRS, SCORED, OBJECTS, RELATIONS = 150, 20, 64, 100, 2, 12, 7
TRUE = 4  # relations of an image that some predicted pair is about
RUNS = 3  # of ours and of the early-exit loop, the fastest counts
CUTOFFS = (20, 50, 100)
ALL_PAIRS = np.array([(i, j) for i in range(BOXES) for j in range(BOXES) if i != j])
Arrays = dict[str, Any]


def made(images: int, seed: int = 0) -> Arrays:
    """Synthetic arrays; four of five predicted boxes stand near a true box, most with its class."""
    random = np.random.default_rng(seed)
    corner, side = random.uniform(0, 600, (images, OBJECTS, 2)), random.uniform(30, 250, (images, OBJECTS, 2))
    boxes = np.concatenate([corner, corner + side], axis=2)
    labels = random.integers(1, CLASSES + 1, (images, OBJECTS))
    ends = random.integers(0, OBJECTS, (images, RELATIONS))
    others = (ends + random.integers(1, OBJECTS, (images, RELATIONS))) % OBJECTS
    truth = np.stack([ends, random.integers(1, PREDICATES + 1, ends.shape), others], axis=2)
    source = random.integers(0, OBJECTS, (images, BOXES))
    rows = np.arange(images)[:, None]
    near = random.random((images, BOXES)) < 0.8
    shift = random.normal(0, np.where(near, 6, 150)[..., None], (images, BOXES, 4))
    found = boxes[rows, source] + shift
    found[..., 2:] = np.maximum(found[..., 2:], found[..., :2] + 5)
    alike = near & (random.random((images, BOXES)) < 0.9)
    found_labels = np.where(alike, labels[rows, source], random.integers(1, CLASSES + 1, (images, BOXES)))
    subject = random.integers(0, BOXES, (images, 1)) + np.arange(PAIRS)  # distinct pairs
    other = subject + 1 + np.arange(PAIRS) // BOXES + random.integers(0, 30, (images, 1))
    pairs = np.stack([subject, other], axis=2) % BOXES
    scores = random.dirichlet(np.ones(PREDICATES), (images, PAIRS)).astype(np.float32)
    chosen = random.integers(0, PAIRS, (images, TRUE))
    for column, side in ((0, 0), (2, 1)):
        truth[:, :TRUE, column] = source[rows, pairs[rows, chosen, side]]
    order, place = scores[rows, chosen].argsort(axis=2), random.integers(1, SCORED + 1, (images, TRUE, 1))
    truth[:, :TRUE, 1] = np.take_along_axis(order, PREDICATES - place, axis=2)[..., 0] + 1
    return {
        "boxes": boxes.astype(np.float32),
        "labels": labels,
        "truth": truth,
        "found": found.astype(np.float32),
        "found_labels": found_labels,
        "found_scores": random.uniform(0.01, 1, (images, BOXES)).astype(np.float32),
        "pairs": pairs,
        "scores": scores,
    }


def write(folder: Path, data: Arrays) -> None:
    """The public contract; of each pair the two best predicates."""
    (folder / "truth").mkdir()
    (folder / "found").mkdir()
    names = ([f"c{n}" for n in range(CLASSES)], [f"p{n}" for n in range(PREDICATES)])
    Vocabulary(*map(tuple, names)).save(folder / "truth" / "vocabulary.json")
    images = len(data["boxes"])
    ids = np.arange(images)
    image = pa.table({
        "image_id": ids, "file": ids.astype(str), "width": np.full(images, 900, np.int32),
        "height": np.full(images, 900, np.int32), "split": ["test"] * images,
    })  # fmt: skip
    pq.write_table(image, folder / "truth" / "images.parquet")
    _objects(folder / "truth", data["boxes"], data["labels"])
    _objects(folder / "found", data["found"], data["found_labels"], data["found_scores"])
    subject, predicate, other = (data["truth"][..., column].ravel() for column in range(3))
    columns = {"subject_id": subject, "predicate_id": predicate, "object_id": other}
    _rows(folder / "truth", {"image_id": np.repeat(ids, RELATIONS), **columns})
    best = np.argsort(-data["scores"], axis=2)[..., :SCORED]
    subject, other = (np.repeat(data["pairs"][..., side].ravel(), SCORED) for side in (0, 1))
    columns = {"subject_id": subject, "predicate_id": best.ravel() + 1, "object_id": other}
    scores = np.take_along_axis(data["scores"], best, axis=2).ravel()
    _rows(folder / "found", {"image_id": np.repeat(ids, PAIRS * SCORED), **columns, "score": scores})


def _objects(folder: Path, boxes: Any, labels: Any, scores: Any = None) -> None:
    images, count = labels.shape
    sides = {name: boxes[..., place].ravel() for place, name in enumerate(("x1", "y1", "x2", "y2"))}
    ids = {"image_id": np.repeat(np.arange(images), count), "object_id": np.tile(np.arange(count), images)}
    table = pa.table({**ids, "class_id": labels.ravel(), **sides})
    if scores is not None:
        table = table.append_column("score", pa.array(scores.ravel()))
    pq.write_table(table, folder / "objects.parquet")


def _rows(folder: Path, columns: dict[str, Any]) -> None:
    narrow = {"subject_id": np.int32, "object_id": np.int32, "predicate_id": np.int16}
    table = pa.table(
        {name: values.astype(narrow.get(name, values.dtype)) for name, values in columns.items()}
    )
    pq.write_table(table, folder / "relations.parquet")


def ours(folder: Path) -> dict[str, Any]:
    """The public command in a process of its own: wall and processor seconds, peak memory, its metrics."""
    where = ["--groundtruth", folder / "truth", "--predictions", folder / "found", "--task", "sgdet"]
    files = ["--output", folder / "metrics.json", "--hits", folder / "hits.parquet"]
    used = measured(["-m", "relclip.evaluate", *where, *files, "--dedup", "false"])
    return {**used, "metrics": json.loads((folder / "metrics.json").read_text())["metrics"]}


def classic(data: Arrays, images: int) -> dict[str, float]:
    """The loop of the peers' evaluators: a match list for each prediction, then a union for each K, both settings."""
    recalls: dict[str, list[float]] = {}
    collected: dict[str, list[list[float]]] = {}
    for image in range(images):
        truth, scores = data["truth"][image], data["dense"][image]
        pairs, found_scores = ALL_PAIRS, data["found_scores"][image].astype(np.float64)
        product = found_scores[pairs].prod(1)
        best = scores.argmax(1)
        order = np.argsort(-(product * scores.max(1)), kind="stable")
        lists = {"": np.column_stack([pairs, best + 1])[order]}
        flat = np.argsort(-(product[:, None] * scores).ravel(), kind="stable")[:100]
        lists["ng_"] = np.column_stack([pairs[flat // PREDICATES], flat % PREDICATES + 1])
        for prefix, rows in lists.items():
            matched = _classic_matches(data, image, truth, rows)
            for cutoff in CUTOFFS:
                match = reduce(np.union1d, matched[:cutoff])
                recalls.setdefault(f"{prefix}recall_at_{cutoff}", []).append(len(match) / len(truth))
                hit, count = [0] * (PREDICATES + 1), [0] * (PREDICATES + 1)
                for row in truth:
                    count[row[1]] += 1
                for row in match:
                    hit[truth[int(row)][1]] += 1
                name = f"{prefix}mean_recall_at_{cutoff}"
                by_predicate = collected.setdefault(name, [[] for _ in range(PREDICATES + 1)])
                for number in range(1, PREDICATES + 1):
                    if count[number]:
                        by_predicate[number].append(hit[number] / count[number])
    means = {
        name: float(np.mean([np.mean(one) if one else 0.0 for one in lists[1:]]))
        for name, lists in collected.items()
    }
    return {name: float(np.mean(values)) for name, values in recalls.items()} | means


def dense(data: Arrays, images: int) -> Any:
    """What the peers' evaluators are given: every pair x predicate, (images, 4032, 20); what was not written: small."""
    random = np.random.default_rng(1)
    scores = 1e-7 * random.random((images, len(ALL_PAIRS), PREDICATES), dtype=np.float32)
    subject, other = data["pairs"][..., 0], data["pairs"][..., 1]
    best = _two_best(data["scores"])
    place = subject * (BOXES - 1) + other - (other > subject)
    for image in range(images):
        scores[image, place[image]] = np.maximum(best[image], scores[image, place[image]])
    return scores


def _two_best(scores: Any) -> Any:
    """The scores that were written; the rest cannot stand in a list."""
    least = -np.sort(-scores, axis=-1)[..., SCORED - 1 : SCORED]
    return np.where(scores >= least, scores, -np.inf)


def _classic_matches(data: Arrays, image: int, truth: Any, rows: Any) -> list[list[int]]:
    labels, found_labels = data["labels"][image], data["found_labels"][image]
    boxes, found = data["boxes"][image], data["found"][image]
    true = np.column_stack([labels[truth[:, 0]], truth[:, 1], labels[truth[:, 2]]])
    offered = np.column_stack([found_labels[rows[:, 0]], rows[:, 2], found_labels[rows[:, 1]]])
    keeps = (true[..., None] == offered.T[None]).all(1)
    matched: list[list[int]] = [[] for _ in rows]
    for number in np.where(keeps.any(1))[0]:
        kept = np.where(keeps[number])[0]
        subject = _ious(boxes[truth[number, 0]], found[rows[kept, 0]]) >= 0.5
        other = _ious(boxes[truth[number, 2]], found[rows[kept, 1]]) >= 0.5
        for place in kept[subject & other]:
            matched[place].append(int(number))
    return matched


def _ious(box: Any, boxes: Any) -> Any:
    low, high = np.maximum(box[:2], boxes[:, :2]), np.minimum(box[2:], boxes[:, 2:])
    shared = np.clip(high - low + 1, 0, None).prod(1)
    areas = (boxes[:, 2] - boxes[:, 0] + 1) * (boxes[:, 3] - boxes[:, 1] + 1)
    return shared / ((box[2] - box[0] + 1) * (box[3] - box[1] + 1) + areas - shared)


def early_exit(data: Arrays, images: int) -> dict[str, float]:
    """Plain Python on lists: sort, and for each ground truth stop at the first prediction that hits; both settings."""
    keys = [f"{prefix}recall_at_{cutoff}" for prefix in ("", "ng_") for cutoff in CUTOFFS]
    recalls: dict[str, list[float]] = {key: [] for key in keys}
    by_predicate: dict[str, list[list[float]]] = {key: [[] for _ in range(PREDICATES + 1)] for key in keys}
    scores = _two_best(data["scores"][:images])
    for image in range(images):
        truth, labels, boxes = (data[name][image].tolist() for name in ("truth", "labels", "boxes"))
        found, found_labels = data["found"][image].tolist(), data["found_labels"][image].tolist()
        weights, rows = data["found_scores"][image].tolist(), []
        best = []
        for (subject, other), values in zip(
            data["pairs"][image].tolist(), scores[image].tolist(), strict=True
        ):
            weight = weights[subject] * weights[other]
            some = [(-weight * v, subject, p, other) for p, v in enumerate(values, 1) if v >= 0]
            best.append(min(some))
            rows += some
        for prefix, listed in (("", sorted(best)[:100]), ("ng_", sorted(rows)[:100])):
            places = [_first_hit(one, listed, labels, boxes, found, found_labels) for one in truth]
            for cutoff in CUTOFFS:
                key = f"{prefix}recall_at_{cutoff}"
                hits = [place < cutoff for place in places]
                recalls[key].append(sum(hits) / len(hits))
                apart: dict[int, list[bool]] = {}
                for one, hit in zip(truth, hits, strict=True):
                    apart.setdefault(one[1], []).append(hit)
                for number, some_hits in apart.items():
                    by_predicate[key][number].append(sum(some_hits) / len(some_hits))
    means = {
        key.replace("recall", "mean_recall"): sum(sum(one) / len(one) if one else 0.0 for one in lists[1:])
        / PREDICATES
        for key, lists in by_predicate.items()
    }
    return {key: sum(values) / len(values) for key, values in recalls.items()} | means


def _first_hit(one: Any, listed: Any, labels: Any, boxes: Any, found: Any, found_labels: Any) -> int:  # noqa: PLR0917
    subject, predicate, other = one
    for place, (_, s, p, o) in enumerate(listed):
        if (
            p == predicate
            and found_labels[s] == labels[subject]
            and found_labels[o] == labels[other]
            and _is_half(boxes[subject], found[s])
            and _is_half(boxes[other], found[o])
        ):
            return place
    return 1 << 30


def _is_half(box: Any, other: Any) -> bool:
    width = min(box[2], other[2]) - max(box[0], other[0]) + 1
    height = min(box[3], other[3]) - max(box[1], other[1]) + 1
    if width <= 0 or height <= 0:
        return False
    areas = sum((b[2] - b[0] + 1) * (b[3] - b[1] + 1) for b in (box, other))
    return bool(width * height / (areas - width * height) >= 0.5)


def _timed(loop: Callable[[Arrays, int], dict[str, float]], data: Arrays, sample: int) -> tuple[float, Any]:
    begin = time.process_time()
    values = loop(data, sample)
    return (time.process_time() - begin) / sample, values


def speed(images: int, sample: int) -> dict[str, Any]:
    """All three; first that they agree on the sample."""
    with tempfile.TemporaryDirectory() as folder:
        few = {name: values[:sample] for name, values in made(images).items()}
        write(Path(folder), few)
        small = ours(Path(folder))
    slow, classic_values = _timed(classic, {**few, "dense": dense(few, sample)}, sample)
    early, early_values = min(
        (_timed(early_exit, few, sample) for _ in range(RUNS)), key=lambda timed: timed[0]
    )
    apart = max(
        abs(values[name] - small["metrics"][name])
        for values in (classic_values, early_values)
        for name in values
    )
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder), made(images))
        whole = min((ours(Path(folder)) for _ in range(RUNS)), key=lambda run: run["processor_s"])
    rate = whole["processor_s"] / images
    return {
        "images": images,
        "recall_at_100": round(whole["metrics"]["recall_at_100"], 4),
        "largest_difference_of_a_metric_on_the_sample": apart,
        "ours": {key: round(whole[key], 2) for key in ("wall_s", "processor_s", "peak_MiB")},
        "ours_images_per_processor_second": round(1 / rate),
        "sample": sample,
        "classic_images_per_processor_second": round(1 / slow),
        "classic_seconds_extrapolated": round(slow * images),
        "early_exit_images_per_processor_second": round(1 / early),
        "early_exit_seconds_extrapolated": round(early * images),
        "times_the_classic": round(slow / rate, 1),
        "times_the_early_exit": round(early / rate, 2),
    }


def scale(images: int) -> list[dict[str, float]]:
    """Seconds and memory of the command for images, twice and four times as many."""
    found = []
    for times in (1, 2, 4):
        with tempfile.TemporaryDirectory() as folder:
            write(Path(folder), made(images * times))
            one = ours(Path(folder))
        found.append(
            {
                "images": images * times,
                **{key: round(one[key], 2) for key in ("wall_s", "processor_s", "peak_MiB")},
            }
        )
    return found


def main() -> None:
    """Parse the command line and print JSON."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=AsWritten)
    arguments.add_argument("what", choices=["speed", "scale"])
    arguments.add_argument(
        "--images", type=int, metavar="N", help="images (default: 26000 for speed, 13000 for scale)"
    )
    arguments.add_argument(
        "--sample", type=int, metavar="N", default=600, help="images of the other two ways"
    )
    given = arguments.parse_args()
    if given.what == "speed":
        found: Any = speed(given.images or 26_000, given.sample)
    else:
        found = scale(given.images or 13_000)
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
