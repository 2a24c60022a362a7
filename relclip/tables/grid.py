"""A table as data: blocks of rows of cells, ours beside the paper's; every writer prints this one thing."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, stdev

from relclip.core.params import Params, Row
from relclip.tables import explain, paper
from relclip.tables.results import Result, read_result

TASKS = {"predcls": "PredCls", "sgcls": "SGCls", "sgdet": "SGDet"}
NOT_BUILT = "not yet built"
SHOWN = ("recall_at_50", "recall_at_100", "mean_recall_at_50", "mean_recall_at_100")
#: Measured and written to the CSV, but not a column of the paper's table 1.
ONLY_CSV = ("recall_at_20", "mean_recall_at_20")


@dataclass(frozen=True)
class Column:
    """One metric of one task."""

    task: str
    metric: str
    shown: bool = True

    @property
    def label(self) -> str:
        """`mean_recall_at_50` -> `mR@50`."""
        return metric_label(self.metric)


@dataclass(frozen=True)
class Cell:
    """Percent. `ours` is the mean over `seeds` runs, `std` their sample standard deviation (from two on).

    `low` and `high` are the means over the runs of the 95 % bootstrap bounds by image.
    """

    ours: float | None = None
    low: float | None = None
    high: float | None = None
    std: float | None = None
    seeds: int = 0
    paper: float | None = None


@dataclass(frozen=True)
class Line:
    """One row: its name, whether the paper has it, one cell a column."""

    name: str
    in_paper: bool
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Block:
    """Rows under one heading (`key` is the section of params.tables: table1_distant)."""

    key: str
    title: str
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Table:
    """One table of the paper, judged against the annotation or the full truth."""

    key: str
    title: str
    judged: str
    note: str
    how_to_read: str
    columns: tuple[Column, ...]
    blocks: tuple[Block, ...]

    @property
    def shown(self) -> tuple[int, ...]:
        """The numbers of the columns that a reader sees; the others are in the CSV alone."""
        return tuple(number for number, column in enumerate(self.columns) if column.shown)


_LAYOUT: dict[str, tuple[str, tuple[tuple[str, str], ...], tuple[str, ...]]] = {
    "table1": (
        "Distant and full supervision",
        (("table1_distant", "Distant supervision"), ("table1_full", "Full supervision")),
        tuple(TASKS),
    ),
    "table3": ("Levels of the relational contrast", (("table3", ""),), ("predcls",)),
    "table5": ("Semantic-aware active sampling", (("table5", ""),), ("predcls",)),
    "table6": ("The synonym threshold epsilon", (("table6", ""),), ("predcls",)),
}


def metric_label(metric: str) -> str:
    """`mean_recall_at_50` -> `mR@50`, `ng_zero_shot_recall_at_20` -> `ng-zR@20`."""
    name, cut = metric.rsplit("_at_", 1)
    prefix, name = ("ng-", name[3:]) if name.startswith("ng_") else ("", name)
    letters = {"recall": "R", "mean_recall": "mR", "zero_shot_recall": "zR"}
    return f"{prefix}{letters.get(name, name)}@{cut}"


def build_tables(params: Params, evaluate: Path, judged: str) -> list[Table]:
    """Fill tables 1, 3, 5 and 6 from `evaluate`'s files; `judged` is `annotation` or `truth`."""
    return [_table(key, params, evaluate, judged) for key in _LAYOUT]


def _table(key: str, params: Params, evaluate: Path, judged: str) -> Table:
    title, blocks, tasks = _LAYOUT[key]
    columns = tuple(Column(task, metric) for task in tasks for metric in SHOWN)
    columns += tuple(Column(task, metric, shown=False) for task in tasks for metric in ONLY_CSV)
    filled = tuple(
        Block(
            name,
            heading,
            tuple(_line(name, row, columns, evaluate, judged) for row in getattr(params.tables, name)),
        )
        for name, heading in blocks
    )
    return Table(key, title, judged, explain.note(key, judged), explain.how_to_read(params), columns, filled)


def _line(block: str, row: Row, columns: Sequence[Column], evaluate: Path, judged: str) -> Line:
    theirs = paper.numbers(block, row.name)
    results = {task: read_row(evaluate, row, task, judged) for task in {column.task for column in columns}}
    cells = (
        cell(results[column.task], column.metric, theirs.get(f"{column.task}/{column.metric}"))
        for column in columns
    )
    return Line(row.name, bool(theirs), tuple(cells))


def read_row(evaluate: Path, row: Row, task: str, judged: str) -> list[Result]:
    """Read the results of those runs of a row that were evaluated."""
    results = (read_result(evaluate, run, task, judged) for run in row.runs)
    return [result for result in results if result is not None]


def cell(results: Sequence[Result], metric: str, theirs: float | None = None) -> Cell:
    """Summarise one metric over the runs of a row; no runs, or none with this metric, leave `ours` empty."""
    ours = [100 * result.metrics[metric] for result in results if metric in result.metrics]
    bounds = [result.intervals[metric] for result in results if metric in result.intervals]
    if not ours:
        return Cell(paper=theirs)
    low, high = (100 * fmean(side) for side in zip(*bounds, strict=True)) if bounds else (None, None)
    return Cell(fmean(ours), low, high, stdev(ours) if len(ours) > 1 else None, len(ours), theirs)
