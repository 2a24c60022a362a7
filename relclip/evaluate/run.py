"""python -m relclip.evaluate.run, the stage of the pipeline: all evaluations of runs.

Each task against the annotation of test, of val, and the full truth where known.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from relclip.core import command
from relclip.core.atomic import write_json
from relclip.core.boxes import overlapping_pairs
from relclip.core.digest import made_folder
from relclip.core.errors import ContractError
from relclip.core.json_file import read_json
from relclip.core.metrics import ALL_CUTOFFS
from relclip.core.params.base import Closed
from relclip.core.params.dataset import Dataset
from relclip.core.params.evaluate import Evaluate
from relclip.core.params.reading import load_sections
from relclip.core.parquet import write_table
from relclip.core.progress import progress
from relclip.core.recall import TASKS, Task
from relclip.evaluate.hits import Hits, Ranked, Watch, counting, first_hits_each
from relclip.evaluate.inputs import GroundTruth, Objects
from relclip.evaluate.metrics import metrics_from_hits
from relclip.evaluate.predcls import PredCls
from relclip.evaluate.report import Report, report_of
from relclip.evaluate.top_two import TopTwo
from relclip.evaluate.views import View, load_views
from relclip.tracking.runs import record_later

TIE_SEEDS = 5
#: A coincidence of two scores is no tie to report; the knowledge base ties most of its rows.
MANY_TIES = 0.01


@dataclass(frozen=True)
class RunPaths:
    """Folders of one run: of the dataset stage, its predictions, where to write."""

    dataset: Path
    predictions: Path
    output: Path


def evaluate_run(where: RunPaths, tasks: list[Task], switches: Evaluate, *, truth: bool) -> dict[str, float]:
    """Judge predictions/<task> of each task and write output/<task>/ as a whole; other folders stay as they are.

    In it: {annotation,val,truth}.json and {annotation,val,truth}_hits.parquet; SGDet has no val; PredCls has
    confusion.parquet, asked.parquet and, with the truth, precision.json.
    Returns the test metrics that are defined, as `predcls.recall_at_50`, `truth.sgcls.recall_at_20`, ...
    """
    views = load_views(where.dataset, switches, tasks, truth=truth)
    numbers: dict[str, float] = {}
    for task in progress(tasks, "evaluate", "task"):
        with made_folder(where.output / task) as folder:
            numbers |= _evaluate_task(views, where.predictions / task, folder, task, switches)
    return numbers


def read_provenance(predictions: Path, tasks: list[Task]) -> dict[str, str]:
    """Read {"run", "model_sha256"} of predictions, as tags of the tracked run.

    The file is predictions/<task>/provenance.json where a task was predicted apart, else predictions/provenance.json.
    Raises ContractError where it is absent or the tasks come from several models.
    """
    apart = [predictions / task / "provenance.json" for task in tasks]
    found = [_provenance(path if path.is_file() else predictions / "provenance.json") for path in apart]
    if any(one != found[0] for one in found[1:]):
        raise ContractError(
            f"the predictions {', '.join(tasks)} in {predictions} come from different models; run predict again"
        )
    return found[0]


def _provenance(path: Path) -> dict[str, str]:
    try:
        content = read_json(path, "run predict again")
        return {name: str(content[name]) for name in ("run", "model_sha256")}
    except (KeyError, TypeError):
        raise ContractError(
            f"{path} must hold the run and model_sha256 of these predictions; run predict again"
        ) from None


def _evaluate_task(
    views: list[View], predictions: Path, folder: Path, task: Task, switches: Evaluate
) -> dict[str, float]:
    """Judge one task in all its views and write its files into `folder`; returns the test metrics by name."""
    numbers: dict[str, float] = {}
    more = PredCls(views, switches) if task == "predcls" else None
    for view in (view for view in views if view.judges(task)):
        report = _judge(view, predictions, task, switches, more.watch(view) if more else [])
        write_json(folder / f"{view.name}.json", report.content)
        write_table(folder / f"{view.name}_hits.parquet", report.hits, report.hits.schema)
        if view.is_test:
            prefix = ["truth"] if view.name == "truth" else []
            numbers |= _named(report.content["metrics"], [*prefix, task])
    if more:
        numbers |= _named(more.write(folder), ["truth", task])
    return numbers


def _judge(view: View, predictions: Path, task: Task, switches: Evaluate, watch: list[Watch]) -> Report:
    """The report with up to two more entries.

    `other_overlap`: the metrics with `require_overlap` turned, where some prediction is of boxes apart.
    `tie_spread`: where many scores of test tie.
    """
    predicates = len(view.groundtruth.vocabulary.predicates)

    def judged(*changes: dict[str, Any], watch: list[Watch]) -> list[Hits]:
        variants = [switches.model_copy(update=change) for change in changes]
        return first_hits_each(view.groundtruth, predictions, task, variants, view.train, watch=watch)

    def metrics(hits: Hits) -> dict[str, float | None]:
        return metrics_from_hits(hits.table, predicates, switches.recall, view.train.count)

    top_two = TopTwo(counting(view.groundtruth, switches), task, switches.pixel_inclusive)
    (hits,) = judged({}, watch=[*watch, top_two.add])
    settled: dict[str, Any] = {"split": view.split, "train": view.train, "lists": top_two.lists}
    report = report_of(view.groundtruth, hits, task, switches, **settled)
    if not hits.counts["overlapping_only"]:
        short = CutShort(view.groundtruth)
        overlap, both = judged({"require_overlap": True}, {"require_overlap": False}, watch=[short.add])
        report.content["other_overlap"] = metrics(both if switches.require_overlap else overlap)
        report.content["counts"]["images_cut_short_of_overlapping"] = short.images()
    if view.is_test and hits.counts["predictions_tied"] > MANY_TIES * hits.counts["predictions"]:
        seeds = judged(*({"seed": switches.seed + number} for number in range(1, TIE_SEEDS)), watch=[])
        report.content["tie_spread"] = tie_spread([metrics(one) for one in (hits, *seeds)])
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


class CutShort:
    """Images whose list of overlapping pairs ends before the largest K although more of their pairs overlap.

    Predictions over all pairs that were cut to a top K of all pairs lack the overlapping ones below: recall under
    `require_overlap: true` is then a lower bound for these images.
    """

    def __init__(self, truth: GroundTruth) -> None:
        self._predicates = len(truth.vocabulary.predicates)
        self._rows = np.zeros(len(truth.images), np.int64)
        self._pairs = self._rows.copy()
        self._objects: Objects | None = None

    def add(self, ranked: Ranked) -> None:
        """Look at the overlapping predictions of some images."""
        self._objects = ranked.objects
        image = ranked.relations.image
        self._rows += np.bincount(image, minlength=len(self._rows))
        self._pairs += np.bincount(image[ranked.rank >= 0], minlength=len(self._rows))

    def images(self) -> int:
        """How many there are among all that was seen."""
        largest = max(ALL_CUTOFFS)
        count = 0
        for image in np.flatnonzero(np.minimum(self._rows, self._pairs) < largest).tolist():
            there = _overlapping_pairs(self._objects, image) if self._objects else 0
            full = min(largest, there), min(largest, there * self._predicates)
            count += self._pairs[image] < full[0] or self._rows[image] < full[1]
        return int(count)


def _overlapping_pairs(objects: Objects, image: int) -> int:
    """How many ordered pairs of the predicted objects of one image (a row number) share some area."""
    first, end = np.searchsorted(objects.image, (image, image + 1))
    return len(overlapping_pairs(objects.boxes[first:end].astype(np.float32)))


class Sections(Closed):
    """What this stage reads of params.yaml."""

    evaluate: Evaluate
    dataset: Dataset


def main() -> None:
    """Parse, judge, add the test metrics to the tracked run of that training."""
    parser = command.parser(
        "relclip.evaluate.run",
        "Judge runs by the annotation of test and val and by the full truth, each into data/evaluate/<run>.",
    )
    command.add_params(parser)
    command.add_runs(parser, "runs, refined, predictions or predict.training_free")
    parser.add_argument(
        "--tasks",
        nargs="+",
        choices=TASKS,
        default=["predcls", "sgcls"],
        help="tasks to judge, each a folder of --predictions",
    )
    command.add_folders(parser, "dataset", predictions="predict/<run>")
    command.add_output(parser, "evaluate/<run>")
    runs = command.parse_runs(parser)
    params = load_sections(runs[0].params, Sections)
    for options in runs:
        provenance = read_provenance(options.predictions, options.tasks)
        where = RunPaths(options.dataset, options.predictions, options.output)
        numbers = evaluate_run(where, options.tasks, params.evaluate, truth=params.dataset.truth)
        record_later({**provenance, "run": options.run}, numbers)


if __name__ == "__main__":
    command.run(main)
