"""A table as data: blocks of rows of cells, ours beside the paper's; every writer prints this one thing."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from statistics import fmean, stdev

from relclip.core.origin import UNKNOWN, Origin
from relclip.core.params.tables import PRECISION, Row
from relclip.core.params.together import trained_with
from relclip.core.params.whole import Params
from relclip.tables import explain, paper
from relclip.tables.layout import Column, columns, row_note, with_people
from relclip.tables.people import PREFIX, People
from relclip.tables.results import Result, read_result

NOT_BUILT = "not yet built"
#: A run that is there, but not for this task or metric.
NOT_MEASURED = "not measured"
#: A run that predicted no pair of boxes apart: with the switch require_overlap turned, its numbers stay.
SAME_PAIRS = "same pairs"


@dataclass(frozen=True)
class Cell:
    """Percent. `ours` is the mean over `seeds` runs, `std` their sample standard deviation (from two on).

    `low` and `high` are the means over the runs of the 95 % bootstrap bounds by image. `state`: why `ours` is absent.
    """

    ours: float | None = None
    low: float | None = None
    high: float | None = None
    std: float | None = None
    seeds: int = 0
    paper: float | None = None
    state: str = NOT_BUILT


@dataclass(frozen=True)
class Line:
    """One row: its name, what stands under it, whether the paper has it, one cell a column, whose mean it shows."""

    name: str
    note: str
    in_paper: bool
    cells: tuple[Cell, ...]
    runs: tuple[str, ...] = ()


@dataclass(frozen=True)
class FilledBlock:
    """Rows under one heading (`key`: as in workflow/tables.yaml, table1_distant)."""

    key: str
    title: str
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class FilledTable:
    """One table of the paper, or of what goes beyond it, judged against the annotation or the full truth.

    `beside`: what the second number of a cell is called, `paper` or `published`; "": there is none.
    """

    key: str
    title: str
    judged: str
    note: str
    how_to_read: str
    beside: str
    columns: tuple[Column, ...]
    blocks: tuple[FilledBlock, ...]

    @property
    def against_paper(self) -> bool:
        """Whether the paper has this table, so that a row without its numbers is marked."""
        return self.beside == "paper"

    @property
    def shown(self) -> tuple[Column, ...]:
        """The columns that a reader sees, which come first; the others are in the CSV alone."""
        return tuple(column for column in self.columns if column.shown)


#: What one row has for one task: the results of its runs.
Read = Callable[[Row, str], list[Result]]


def build_tables(
    params: Params,
    evaluate: Path,
    judged: str,
    knowledge: Mapping[str, Result] | None = None,
    people: People | None = None,
    *,
    origin: Origin = UNKNOWN,
) -> list[FilledTable]:
    """Fill every table from `evaluate`'s files; `judged` is `annotation` or `truth`.

    `knowledge`: run -> how good the knowledge base is that labelled its pairs (the task `kb` of a table).
    `people`: what they said of the runs of tables with P@K. `origin`: what the data set says of itself.
    """
    of_kb, of_people = knowledge or {}, people.results if people else {}

    def read(row: Row, task: str) -> list[Result]:
        if task == "kb":
            return [of_kb[run] for run in row.runs if run in of_kb]
        results = ((run, read_result(evaluate, run, task, judged)) for run in row.runs)
        said = of_people if task == "predcls" else {}
        return [result.joined(said.get(run)) for run, result in results if result is not None]

    return [_table(key, params, read, judged, people=people, origin=origin) for key in params.report.tables]


def _table(
    key: str, params: Params, read: Read, judged: str, *, people: People | None, origin: Origin
) -> FilledTable:
    report = params.report
    layout = report.tables[key]
    published = "published" if any(row.published for row in report.rows(key)) else ""
    beside = "paper" if any(map(paper.has, report.blocks(key))) else published
    if people and people.results and key in report.showing("predcls", PRECISION):
        layout = with_people(layout)
    every = columns(layout, params.evaluate.require_overlap)
    blocks = tuple(
        FilledBlock(
            name, group or block.title, tuple(_line((key, name), row, every, read, params) for row in rows)
        )
        for name, block in report.blocks(key).items()
        for group, rows in groupby(block.rows, lambda row: row.group)
    )
    return FilledTable(
        key=key,
        title=layout.title,
        judged=judged,
        note=explain.note(key, judged, params, people),
        how_to_read=explain.how_to_read(origin, beside),
        beside=beside,
        columns=every,
        blocks=blocks,
    )


def _line(place: tuple[str, str], row: Row, every: Sequence[Column], read: Read, params: Params) -> Line:
    """`place`: table and block."""
    published = dict(zip(params.report.tables[place[0]].places, row.published, strict=False))
    theirs = published or _papers(place[1], row, params)
    results = {task: read(row, task) for task in dict.fromkeys(column.task for column in every)}
    built = any(found for task, found in results.items() if task != "kb")
    cells = (_cell(column, results[column.task], theirs, built=built) for column in every)
    return Line(row.name, row_note(params, row), bool(theirs), tuple(cells), tuple(row.runs))


def _papers(section: str, row: Row, params: Params) -> Mapping[str, float]:
    """The paper's numbers for a row, while its runs were trained as the paper's row was."""
    theirs = row.paper or row.name
    settings = paper.trained(section, theirs).items()
    same = all(trained_with(params, run, key) == value for run in row.runs for key, value in settings)
    return paper.numbers(section, theirs) if same else {}


def _cell(column: Column, results: Sequence[Result], theirs: Mapping[str, float], *, built: bool) -> Cell:
    state = NOT_BUILT if not built else SAME_PAIRS if column.pairs and results else NOT_MEASURED
    if column.pairs:
        return cell([other_pairs(result) for result in results], column.metric, state=state)
    published = theirs.get(f"{column.task}/{column.metric.removeprefix(PREFIX)}")
    return cell(results, column.metric, published, state)


def other_pairs(result: Result) -> Result:
    """The same result with the switch `require_overlap` turned; it has no intervals."""
    return replace(result, metrics=result.other_overlap, intervals={})


def read_row(evaluate: Path, row: Row, judged: str = "annotation") -> list[Result]:
    """Read the PredCls results of those runs of a row that were evaluated."""
    results = (read_result(evaluate, run, "predcls", judged) for run in row.runs)
    return [result for result in results if result is not None]


def cell(results: Sequence[Result], metric: str, theirs: float | None = None, state: str = NOT_BUILT) -> Cell:
    """Summarise one metric over the runs of a row; no runs, or none with this metric, leave `ours` empty: `state`."""
    ours = [100 * result.metrics[metric] for result in results if metric in result.metrics]
    bounds = [result.intervals[metric] for result in results if metric in result.intervals]
    if not ours:
        return Cell(paper=theirs, state=state)
    low, high = (100 * fmean(side) for side in zip(*bounds, strict=True)) if bounds else (None, None)
    std = stdev(ours) if len(ours) > 1 else None
    mean, low, high, std = (_shown(value) for value in (fmean(ours), low, high, std))
    return Cell(mean, low, high, std, len(ours), theirs, "measured")


def _shown(value: float | None) -> float | None:
    """The decimals of the CSV: what is rounded from it, as README is, and from here then ends in the same digit."""
    return None if value is None else round(value, 4)
