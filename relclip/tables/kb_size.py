"""The knowledge bases of a share of the captions: how good each is, and what a training makes of it."""

from collections.abc import Mapping
from math import isnan
from pathlib import Path
from statistics import fmean

from relclip.core.kb_filter import believed_triplets
from relclip.core.params.whole import Params
from relclip.core.recall import MAIN
from relclip.tables.figures.quality import Size
from relclip.tables.grid import cell, read_row
from relclip.tables.knowledge import Columns, quality
from relclip.tables.results import Result
from relclip.tables.sources import DataSet


def triplets_of_runs(params: Params, kb: Path) -> dict[str, Columns]:
    """Run of a table on knowledge bases -> the triplets it believes; without training there are none."""
    runs = params.report.trainings(*params.report.showing("kb"))
    return {run: believed(params, run, kb) for run in runs if run not in params.predict.training_free}


def results(
    params: Params, data: DataSet, triplets: Mapping[str, Columns], relations: Columns
) -> dict[str, Result]:
    """Run -> its share of the captions, and precision and coverage of its triplets, as fractions.

    `relations`: the annotation or the full truth, of which train counts.
    """
    found = {}
    for run, mine in triplets.items():
        precision, coverage = quality(mine, data, relations).whole
        numbers = {"captions": share(params, run), "precision": precision, "coverage": coverage}
        metrics = {name: value for name, value in numbers.items() if not isnan(value)}
        found[run] = Result(metrics, {}, {}, {}, {})
    return found


def share(params: Params, run: str) -> float:
    """The share of the captions that labelled this run's pairs, or those of the run that it predicts with."""
    return params.run(params.prediction(run)[0]).kb.captions


def believed(params: Params, run: str, kb: Path) -> Columns:
    """The triplets of classes that this run's labels came from, chosen as `train` chooses them."""
    training = params.run(params.prediction(run)[0])
    triplets, _ = believed_triplets(kb, training.kb, training.seed)
    return {name: triplets[name].to_numpy() for name in triplets.column_names}


def sizes(params: Params, evaluate: Path, knowledge: Mapping[str, Result]) -> list[Size]:
    """What figure kb-size shows, the smallest share first: rows of one share are drawn beside each other."""
    found = []
    for row in params.report.rows(*params.report.showing("kb")):
        known = [knowledge[run] for run in row.runs if run in knowledge]
        measured = read_row(evaluate, row, "predcls", "annotation")
        if not known or not measured:
            continue
        cells = {metric.label(): cell(measured, metric.at()) for metric in MAIN}
        recall = {
            name: (
                one.ours,
                one.ours if one.low is None else one.low,
                one.ours if one.high is None else one.high,
            )
            for name, one in cells.items()
            if one.ours is not None
        }
        captions, coverage, precision = (
            100 * fmean(one.metrics.get(name, 0.0) for one in known)
            for name in ("captions", "coverage", "precision")
        )
        found.append(Size(captions, coverage, precision, recall))
    return sorted(found, key=lambda size: size.share)
