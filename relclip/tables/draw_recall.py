"""Recall by relation: shaded numbers of table 1, RCL beside no RCL (figure 6), one small figure a run."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from relclip.core.atomic import write_text
from relclip.core.params.tables import Row
from relclip.core.params.whole import Params
from relclip.core.recall import RECALL
from relclip.tables.figures.bars import Recall, bars_svg
from relclip.tables.figures.contrast import (
    WITH,
    WITHOUT,
    Taken,
    confusion_figure,
    contrast_figure,
    predicates_figure,
)
from relclip.tables.figures.quality import by_frequency
from relclip.tables.figures.style import Drawn, save_themed
from relclip.tables.grid import read_row
from relclip.tables.layout import JUDGED, row_name
from relclip.tables.results import read_confusion, read_result
from relclip.tables.sources import DataSet, relations_per_predicate

SHOWN = RECALL.at(100)
#: Figure 6's relations.
CASES = ("riding", "carrying")
OTHER, NONE = "another", "not predicted"


def draw_recalls(params: Params, data: DataSet, evaluate: Path, folder: Path) -> list[Drawn]:
    """Draw PredCls R@100 of each predicate for every row of table 1 that was built."""
    recalls = {
        (block.title, row_name(row)): found
        for block in params.report.blocks(*params.report.first).values()
        for row in block.rows
        if (found := _of_row(row, data, evaluate)) is not None
    }
    if not recalls:
        return []
    order, names = frequent_first(data)
    grid = np.stack(list(recalls.values()), axis=1)[order]
    draw = partial(predicates_figure, predicates=names, rows=list(recalls), recall=grid)
    text = (
        "PredCls R@100 of each relation in percent, on the annotation; the most frequent in train come first."
    )
    return [save_themed(folder, "predicates", draw, title="Recall by relation, table 1", text=text)]


def draw_contrast(params: Params, data: DataSet, evaluate: Path, folder: Path) -> list[Drawn]:
    """Draw figure 6 where the figures name a run with RCL and one without, and both were evaluated."""
    runs = [run for run in (params.report.figures.rcl, params.report.figures.no_rcl) if run]
    recalls = [_of_row(Row(name=run, runs=[run]), data, evaluate) for run in runs]
    found = [recall for recall in recalls if recall is not None]
    if len(found) < 2:
        return []
    order, names = frequent_first(data)
    one, other = (recall[order] for recall in found)
    draw = partial(contrast_figure, predicates=names, with_rcl=one, without=other)
    text = (
        f"PredCls R@100 of each relation with RCL ({runs[0]}) and without ({runs[1]}), on the annotation, the most "
        "frequent in train first. The line has the colour of the better one."
    )
    title = "Figure 6. Recall by relation, with and without RCL"
    figure = save_themed(folder, "rcl", draw, title=title, text=text)
    return [figure, *_draw_confusion(data, evaluate, runs, folder)]


def _draw_confusion(data: DataSet, evaluate: Path, runs: Sequence[str], folder: Path) -> list[Drawn]:
    cases = [name for name in CASES if name in data.vocabulary.predicate_ids]
    panels = [
        (f"On {words}", rows)
        for judged, words in JUDGED.items()
        if (rows := _taken(data, evaluate, runs, cases, judged))
    ]
    if not panels:
        return []
    text = (
        f"What the model puts first for the pairs of things that are {' or '.join(cases)} (their number in "
        "parentheses), PredCls."
    )
    draw = partial(confusion_figure, panels=panels)
    return [save_themed(folder, "confusion", draw, title="Figure 6. Riding or carrying?", text=text)]


def _taken(
    data: DataSet, evaluate: Path, runs: Sequence[str], cases: Sequence[str], judged: str
) -> list[Taken]:
    """The rows of one panel; none where a run has no confusion or nothing was to be told apart."""
    found = [read_confusion(evaluate, run, judged) for run in runs]
    if not all(found):
        return []
    rows = [
        taken(data, case, name, cases, counts or {})
        for case in cases
        for name, counts in zip((WITH, WITHOUT), found, strict=True)
    ]
    return [row for row in rows if any(count for _, count in row.counts)]


def taken(
    data: DataSet, case: str, run: str, cases: Sequence[str], counts: dict[tuple[int, int], int]
) -> Taken:
    """Count what the pairs of the true predicate `case` were taken for: the cases, another predicate, none."""
    ids = data.vocabulary.predicate_ids
    mine = {predicted: count for (true, predicted), count in counts.items() if true == ids[case]}
    named = [(name, mine.get(ids[name], 0)) for name in cases]
    none = mine.get(0, 0)
    other = sum(mine.values()) - none - sum(count for _, count in named)
    return Taken(case, run, (*named, (OTHER, other), (NONE, none)))


def draw_every_run(params: Params, data: DataSet, evaluate: Path, folder: Path) -> list[tuple[str, Path]]:
    """Write predicates/<run>.svg for every run that was evaluated; return (run, file)."""
    _, names = frequent_first(data)
    figures = []
    for run in params.judged:
        result = read_result(evaluate, run, "predcls", "annotation")
        if result is None:
            continue
        rows = [_recall(name, result.per_predicate.get(name, {})) for name in names]
        path = folder / "predicates" / f"{run}.svg"
        write_text(path, bars_svg(f"{run}: PredCls recall by relation, %", rows))
        figures.append((run, path))
    return figures


def _recall(name: str, found: Mapping[str, float]) -> Recall:
    at_50, at_100 = (100 * found[key] if key in found else None for key in (RECALL.at(), SHOWN))
    return Recall(name, at_50, at_100, int(found.get("groundtruth", 0)))


def frequent_first(data: DataSet) -> tuple[NDArray[np.int64], list[str]]:
    """Predicates (from 0) and their names, the most frequent in train first."""
    order = by_frequency(relations_per_predicate(data.annotation)["train"])
    return order, [data.vocabulary.predicates[number] for number in order]


def _of_row(row: Row, data: DataSet, evaluate: Path) -> NDArray[np.float64] | None:
    """PredCls R@100 of each predicate in percent, (P,), mean over the row's runs; None where none was evaluated."""
    results = read_row(evaluate, row)
    if not results:
        return None
    found = [
        [one.per_predicate[name][SHOWN] for one in results if SHOWN in one.per_predicate.get(name, {})]
        for name in data.vocabulary.predicates
    ]
    return np.array([100 * fmean(values) if values else np.nan for values in found])
