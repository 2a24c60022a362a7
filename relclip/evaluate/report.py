"""The evaluator's JSON: metrics, bootstrap intervals, each predicate apart, the switches and the counts."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from relclip.core.box_precision import LabelledBoxes
from relclip.core.metrics import OF_BOXES
from relclip.core.params.evaluate import Evaluate
from relclip.core.parquet import count_rows
from relclip.core.recall import Task
from relclip.evaluate.checks import Ints
from relclip.evaluate.hits import Hits, counting, first_hits_each
from relclip.evaluate.inputs import GroundTruth, Objects, load_groundtruth, precise_relations
from relclip.evaluate.metrics import (
    OF_PREDICATE,
    Judged,
    by_image,
    first_values,
    intervals,
    metrics_of,
    of_predicates,
    optional,
    predicate_metric,
    whole,
)
from relclip.evaluate.top_two import Lists, TopTwo, list_metrics
from relclip.evaluate.views import TrainTriplets, load_train_triplets


@dataclass(frozen=True)
class Report:
    """What one evaluation gives: the content of metrics.json, and the first hits (schema hits.HITS)."""

    content: dict[str, Any]
    hits: pa.Table


def evaluate(
    groundtruth: Path,
    predictions: Path,
    task: Task,
    *,
    switches: Evaluate | None = None,
    split: str | None = None,
    train_triplets: Path | None = None,
) -> Report:
    """Judge a folder of predictions against a folder of ground truth, both in docs/design.md's Parquet contract.

    `split` None: all images. `train_triplets`: Parquet of triplets seen in train; None: no zero-shot recall.
    Raises InputError or ContractError with one sentence for files that do not fit. Predictions of other images are left
    out and counted.
    """
    truth = load_groundtruth(groundtruth, split)
    train = load_train_triplets(train_triplets, truth.vocabulary) if train_triplets else None
    report = judge(truth, predictions, task, switches or Evaluate(), split=split, train=train)
    there = count_rows(predictions / "relations.parquet", precise_relations())
    report.content["counts"]["predictions_elsewhere"] = there - report.content["counts"]["predictions"]
    return report


def judge(
    truth: GroundTruth,
    predictions: Path,
    task: Task,
    switches: Evaluate,
    *,
    split: str | None = None,
    train: TrainTriplets | None = None,
) -> Report:
    """Judge a folder of predictions against a ground truth in memory; see `evaluate`."""
    top_two = TopTwo(counting(truth, switches), task, switches.pixel_inclusive)
    (hits,) = first_hits_each(truth, predictions, task, [switches], train, watch=[top_two.add])
    return report_of(truth, hits, task, switches, split=split, train=train, lists=top_two.lists)


def report_of(
    truth: GroundTruth,
    hits: Hits,
    task: Task,
    switches: Evaluate,
    *,
    split: str | None,
    train: TrainTriplets | None = None,
    lists: Lists,
) -> Report:
    """Sum first hits and lists up: metrics, intervals, predicates, switches, counts."""
    train_count = train.count if train else None
    judged = by_image(hits.table, len(truth.vocabulary.predicates), switches.recall, train_count)
    content = {
        "metrics": metrics_of(judged)
        | list_metrics([lists], judged.count)
        | _judged_boxes(truth, hits.objects, task),
        "intervals": intervals(judged, switches.bootstrap, switches.seed),
        "per_predicate": _per_predicate(truth.vocabulary.predicates, judged),
        "switches": {**switches.model_dump(exclude={"split"}), "split": split, "task": task},
        "counts": hits.counts,
    }
    return Report(content, hits.table)


def _judged_boxes(truth: GroundTruth, found: Objects, task: Task) -> dict[str, float | None]:
    """The metrics of the predicted boxes alone, None but for SGDet, whose boxes are its own."""
    if task != "sgdet":
        return box_metrics([], [])
    return box_metrics([labelled_boxes(found, truth.images)], [labelled_boxes(truth.objects, truth.images)])


def _per_predicate(predicates: Sequence[str], judged: Judged) -> dict[str, Any]:
    """Of each predicate: how often train has it (None: not known), its ground truths, and its recalls."""
    recalls = first_values(of_predicates(whole(judged)))
    train = judged.train_count
    return {
        name: {
            "predicate_id": number,
            "train": None if train is None else int(train[number - 1]),
            "groundtruth": int(judged.count[number - 1]),
            "images": int(judged.images_by_predicate[number - 1]),
            **{metric: recalls[predicate_metric(metric, number)] for metric in OF_PREDICATE},
        }
        for number, name in enumerate(predicates, 1)
    }


def labelled_boxes(objects: Objects, images: Ints) -> LabelledBoxes:
    """The objects with the ids of their images; images (I,): these ids, of which `objects.image` are row numbers."""
    return LabelledBoxes(images[objects.image], objects.class_id, objects.boxes, objects.score)


def box_metrics(found: Sequence[LabelledBoxes], true: Sequence[LabelledBoxes]) -> dict[str, float | None]:
    """The registry's metrics of boxes, some images at a time; None where there are none to judge."""
    if not true:
        return dict.fromkeys(metric.name for metric in OF_BOXES)
    boxes = LabelledBoxes.joined(found), LabelledBoxes.joined(true)
    return {metric.name: optional(metric.function(*boxes)) for metric in OF_BOXES}
