"""All evaluations of one run: two tasks, judged on test, on val, and on the full truth where there is one."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from relclip.core.atomic import atomic_folder, write_json
from relclip.core.errors import ContractError
from relclip.core.params import Evaluate
from relclip.core.parquet import write_table
from relclip.core.progress import progress
from relclip.evaluate.checks import Ints
from relclip.evaluate.hits import HITS, Hits, Task, first_hits_each
from relclip.evaluate.inputs import GroundTruth, load_groundtruth
from relclip.evaluate.labels import seen_in
from relclip.evaluate.metrics import metrics_from_hits
from relclip.evaluate.report import Report, report_of

RUN_TASKS: tuple[Task, ...] = ("predcls", "sgcls")
TIE_SEEDS = 5
#: A coincidence of two scores is no tie to report; the knowledge base ties most of its rows.
MANY_TIES = 0.01


def evaluate_run(
    dataset: Path, predictions: Path, output: Path, switches: Evaluate, truth: bool
) -> dict[str, float]:
    """Judge predictions/{predcls,sgcls} and write output/[truth/|val/]{task}.json and {task}_hits.parquet.

    Returns the test metrics that are defined, as `predcls.recall_at_50`, `truth.sgcls.recall_at_20`, ...
    """
    numbers: dict[str, float] = {}
    seen = seen_in(load_groundtruth(dataset, "train"))
    with atomic_folder(output) as folder:
        for place, split, groundtruth in progress(list(_views(dataset, switches, truth)), "evaluate", "view"):
            for task in RUN_TASKS:
                report = _judge(groundtruth, predictions / task, task, switches, split=split, seen=seen)
                write_json(folder / place / f"{task}.json", report.content)
                write_table(folder / place / f"{task}_hits.parquet", report.hits, HITS)
                if place != "val":
                    numbers |= _named(report.content["metrics"], [*place.split(), task])
    return numbers


def read_provenance(predictions: Path) -> dict[str, str]:
    """Read provenance.json of a predictions folder: {"run", "model_sha256"}, as tags of the tracked run."""
    path = predictions / "provenance.json"
    try:
        content = json.loads(path.read_text("utf-8"))
        return {name: str(content[name]) for name in ("run", "model_sha256")}
    except (OSError, ValueError, KeyError, TypeError):
        raise ContractError(
            f"{path} must hold the run and model_sha256 of these predictions; run predict again"
        ) from None


def _views(dataset: Path, switches: Evaluate, truth: bool) -> Iterator[tuple[str, str, GroundTruth]]:
    """Folder of the output, split, ground truth."""
    yield "", switches.split, load_groundtruth(dataset, switches.split)
    yield "val", "val", load_groundtruth(dataset, "val")
    if truth:
        yield "truth", switches.split, load_groundtruth(dataset / "truth", switches.split)


def _judge(
    truth: GroundTruth, predictions: Path, task: Task, switches: Evaluate, *, split: str, seen: Ints
) -> Report:
    """The report with two more entries: `other_overlap` and, where many scores of test tie, `tie_spread`."""

    def judged(*changes: dict[str, Any]) -> list[Hits]:
        variants = [switches.model_copy(update=change) for change in changes]
        return first_hits_each(truth, predictions, task, variants, seen)

    def metrics(hits: Hits) -> dict[str, float | None]:
        return metrics_from_hits(hits.table, len(truth.vocabulary.predicates), switches.recall)

    hits, other = judged({}, {"require_overlap": not switches.require_overlap})
    report = report_of(truth, hits, task, switches, split)
    report.content["other_overlap"] = metrics(other)
    if split == switches.split and hits.counts["predictions_tied"] > MANY_TIES * hits.counts["predictions"]:
        seeds = judged(*({"seed": switches.seed + number} for number in range(1, TIE_SEEDS)))
        report.content["tie_spread"] = tie_spread([report.content["metrics"], *map(metrics, seeds)])
    return report


def tie_spread(by_seed: list[dict[str, float | None]]) -> dict[str, list[float] | None]:
    """Lowest and highest value of each metric over seeds that break ties; None where undefined."""
    spread: dict[str, list[float] | None] = {}
    for name in by_seed[0]:
        values = [metrics[name] for metrics in by_seed]
        defined = [value for value in values if value is not None]
        spread[name] = [float(np.min(defined)), float(np.max(defined))] if defined else None
    return spread


def _named(metrics: dict[str, float | None], prefix: list[str]) -> dict[str, float]:
    return {".".join([*prefix, name]): value for name, value in metrics.items() if value is not None}
