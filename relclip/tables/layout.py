"""The columns of a table, what stands under the name of a row, and what a run is called where people read it."""

from collections.abc import Iterator
from dataclasses import dataclass

from relclip.core.metrics import MEASURES, metric_label
from relclip.core.params.tables import PRECISION, Report, Row, Table
from relclip.core.params.whole import Params
from relclip.core.recall import MAIN
from relclip.tables import paper

TASKS = {"kb": "Knowledge base", "predcls": "PredCls", "sgcls": "SGCls", "sgdet": "SGDet"}
#: What is judged against, as pages call it.
JUDGED = {"annotation": "the annotation", "truth": "the full truth"}
#: The columns of the paper's table 1.
SHOWN = tuple(metric.at(cutoff) for metric in MAIN for cutoff in (50, 100))
#: Measured and written to the CSV, but not a column of the paper's table 1.
ONLY_CSV = tuple(name for name, one in MEASURES.items() if name not in SHOWN and not one.listed)


@dataclass(frozen=True)
class Column:
    """One metric of one task. `pairs`: where the switch require_overlap is turned, which pairs then count."""

    task: str
    metric: str
    shown: bool = True
    pairs: str = ""

    @property
    def label(self) -> str:
        """`mean_recall_at_50` -> `mR@50`; with the other set of pairs `mR@50, all pairs`; P@K says by whom."""
        who, precision, cutoff = self.metric.rpartition(PRECISION)
        if precision:
            return f"P@{cutoff} ({'people' if who else 'oracle'})"
        label = metric_label(self.metric)
        return f"{label}, {self.pairs}" if self.pairs else label


def with_people(table: Table) -> Table:
    """The same with P@K by people before each by the oracle."""
    predcls = table.columns["predcls"]
    theirs = [f"people_{metric}" for metric in predcls if metric.startswith(PRECISION)]
    return table.model_copy(update={"columns": {**table.columns, "predcls": [*theirs, *predcls]}})


def turned_pairs(require_overlap: bool) -> str:
    """Which pairs count where `require_overlap` is turned."""
    return "all pairs" if require_overlap else "overlapping pairs"


def columns(table: Table, require_overlap: bool) -> tuple[Column, ...]:
    """The columns that a reader sees, then those that only the CSV has."""
    listed = {"": table.columns, turned_pairs(require_overlap): table.other_pairs}
    visible = [
        Column(task, metric, pairs=pairs)
        for pairs, by_task in listed.items()
        for task, metrics in by_task.items()
        for metric in metrics
    ]
    hidden = [
        Column(task, metric, shown=False, pairs=pairs)
        for pairs, by_task in listed.items()
        for task in TASKS
        if task in table.columns and task != "kb"
        for metric in (*SHOWN, *ONLY_CSV)
        if metric not in by_task.get(task, ())
    ]
    return *sorted(visible, key=lambda column: list(TASKS).index(column.task)), *hidden


def row_note(params: Params, row: Row) -> str:
    """What stands under a row's name: its own note, how it ranks where that is not by softmax (docs/method.md, 2)."""
    trained = [run for run in row.runs if run not in params.predict.training_free]
    ranked = dict.fromkeys(params.prediction(run)[2] for run in trained)
    unusual = [how for how in ranked if how != "softmax"]
    return "; ".join([*([row.note] if row.note else []), *(f"ranked by {how}" for how in unusual)])


def rows_of(params: Params) -> dict[str, list[str]]:
    """Run -> `Table 1: RelCLIP (KB), seed 2` for every row that shows it, in the order of the tables."""
    found: dict[str, list[str]] = {}
    for table, name, row in _named(params.report):
        for run in row.runs:
            row_name = f"{table_name(params.report, table)}: {name}{_seed(params, row, run)}"
            found.setdefault(run, []).append(row_name)
    return found


def run_names(params: Params) -> dict[str, str]:
    """Run -> its first row, short: `RelCLIP (KB), seed 2`; with the table where neither that nor a group says which."""
    found: dict[str, str] = {}
    for table, name, row in _named(params.report):
        clear = table in params.report.first or row.group
        for run in row.runs:
            short = name if clear else f"{table_name(params.report, table)}: {name}"
            found.setdefault(run, f"{short}{_seed(params, row, run)}")
    return found


def row_name(row: Row) -> str:
    """The name of a row with its group's before it."""
    return f"{row.group}: {row.name}" if row.group else row.name


def leading_rows(report: Report) -> list[tuple[str, Row]]:
    """(name, row) of the first table."""
    return [(name, row) for table, name, row in _named(report) if table in report.first]


def table_name(report: Report, table: str) -> str:
    """`Table 1`; the title of one that the paper does not have."""
    of_paper = any(map(paper.has, report.blocks(table)))
    return f"Table {table.removeprefix('table')}" if of_paper else report.tables[table].title


def _named(report: Report) -> Iterator[tuple[str, str, Row]]:
    """(table, name, row): with the row's group, and with the heading of a block that is not the first of its table."""
    for table in report.tables:
        for place, block in enumerate(report.blocks(table).values()):
            heading = f", {block.title[:1].lower()}{block.title[1:]}" if place else ""
            for row in block.rows:
                yield table, f"{row_name(row)}{heading}", row


def _seed(params: Params, row: Row, run: str) -> str:
    if len(row.runs) < 2 or run in params.predict.training_free:
        return ""
    return f", seed {params.run(params.prediction(run)[0]).seed}"
