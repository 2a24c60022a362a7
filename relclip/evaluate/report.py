"""The evaluator's JSON: metrics, bootstrap intervals, each predicate apart, the switches and the counts."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from relclip.core.params.evaluate import Evaluate
from relclip.evaluate.hits import Hits, Task, first_hits
from relclip.evaluate.inputs import GroundTruth, load_groundtruth
from relclip.evaluate.labels import Seen, load_seen
from relclip.evaluate.metrics import (
    OF_PREDICATE,
    Judged,
    by_image,
    first_values,
    intervals,
    metrics_of,
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
    seen: Seen | None = None,
) -> Report:
    """Judge a folder of predictions against a ground truth in memory; see `evaluate`."""
    hits = first_hits(truth, predictions, task, switches, seen)
    return report_of(truth, hits, task, switches, split=split, seen=seen)


def report_of(
    truth: GroundTruth,
    hits: Hits,
    task: Task,
    switches: Evaluate,
    *,
    split: str | None,
    seen: Seen | None = None,
) -> Report:
    """Sum first hits up: metrics, intervals, predicates, switches, counts."""
    train_count = seen.count if seen else None
    judged = by_image(hits.table, len(truth.vocabulary.predicates), switches.recall, train_count)
    content = {
        "metrics": metrics_of(judged),
        "intervals": intervals(judged, switches.bootstrap, switches.seed),
        "per_predicate": _per_predicate(truth.vocabulary.predicates, judged),
        "switches": {**switches.model_dump(exclude={"split"}), "split": split, "task": task},
        "counts": hits.counts,
    }
    return Report(content, hits.table)


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
