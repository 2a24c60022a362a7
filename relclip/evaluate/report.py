"""The evaluator's JSON: metrics, bootstrap intervals, each predicate apart, the switches and the counts."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from relclip.core.params.evaluate import Evaluate
from relclip.core.recall import Recalls
from relclip.evaluate.checks import Ints
from relclip.evaluate.hits import Hits, Task, first_hits
from relclip.evaluate.inputs import GroundTruth, load_groundtruth
from relclip.evaluate.labels import load_seen
from relclip.evaluate.metrics import (
    OF_PREDICATE,
    Judged,
    by_image,
    first_values,
    intervals,
    named,
    of_predicates,
    predicate_metric,
    whole,
)


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
    Raises InputError or ContractError with one sentence for files that do not fit.
    """
    truth = load_groundtruth(groundtruth, split)
    seen = load_seen(train_triplets, truth.vocabulary) if train_triplets else None
    return judge(truth, predictions, task, switches or Evaluate(), split=split, seen=seen)


def judge(
    truth: GroundTruth,
    predictions: Path,
    task: Task,
    switches: Evaluate,
    *,
    split: str | None = None,
    seen: Ints | None = None,
) -> Report:
    """Judge a folder of predictions against a ground truth in memory; see `evaluate`."""
    hits = first_hits(truth, predictions, task, switches, seen)
    return report_of(truth, hits, task, switches, split)


def report_of(truth: GroundTruth, hits: Hits, task: Task, switches: Evaluate, split: str | None) -> Report:
    """Sum first hits up: metrics, intervals, predicates, switches, counts."""
    judged = by_image(hits.table, len(truth.vocabulary.predicates), switches.recall)
    found = whole(judged)
    content = {
        "metrics": first_values(named(found)),
        "intervals": intervals(judged, switches.bootstrap, switches.seed),
        "per_predicate": _per_predicate(truth.vocabulary.predicates, judged, found),
        "switches": {**switches.model_dump(exclude={"split"}), "split": split, "task": task},
        "counts": hits.counts,
    }
    return Report(content, hits.table)


def _per_predicate(predicates: Sequence[str], judged: Judged, found: Recalls) -> dict[str, Any]:
    """Of each predicate: how many ground truths in how many images, and its recalls (None without any)."""
    recalls = first_values(of_predicates(found))
    return {
        name: {
            "predicate_id": number,
            "groundtruth": int(judged.count[number - 1]),
            "images": int(judged.images_by_predicate[number - 1]),
            **{metric: recalls[predicate_metric(metric, number)] for metric in OF_PREDICATE},
        }
        for number, name in enumerate(predicates, 1)
    }
