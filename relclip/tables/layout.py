"""The columns of a table, and what stands under the name of a row."""

from dataclasses import dataclass

from relclip.core.metrics import MEASURES, metric_label
from relclip.core.params.tables import PRECISION, Row, Table
from relclip.core.params.whole import Params
from relclip.core.recall import MAIN

TASKS = {"kb": "Knowledge base", "predcls": "PredCls", "sgcls": "SGCls", "sgdet": "SGDet"}
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


def columns(table: Table, require_overlap: bool) -> tuple[Column, ...]:
    """The columns that a reader sees, then those that only the CSV has."""
    pairs = "all pairs" if require_overlap else "overlapping pairs"
    shown, others = (
        [(task, metric) for task, metrics in listed.items() for metric in metrics]
        for listed in (table.columns, table.other_pairs)
    )
    seen = [Column(task, metric) for task, metric in shown]
    seen += [Column(task, metric, pairs=pairs) for task, metric in others]
    seen.sort(key=lambda column: list(TASKS).index(column.task))
    every = [
        (task, metric)
        for task in TASKS
        if task in table.columns and task != "kb"
        for metric in (*SHOWN, *ONLY_CSV)
    ]
    hidden = [Column(*place, shown=False) for place in every if place not in shown]
    turned = [Column(*place, shown=False, pairs=pairs) for place in every if place not in others]
    return (*seen, *hidden, *turned)


def row_note(params: Params, row: Row) -> str:
    """What stands under a row's name: its own note, how it ranks where that is not by softmax (docs/method.md, 2)."""
    trained = [run for run in row.runs if run not in params.predict.training_free]
    ranked = dict.fromkeys(params.prediction(run)[2] for run in trained)
    unusual = [how for how in ranked if how != "softmax"]
    return "; ".join([*([row.note] if row.note else []), *(f"ranked by {how}" for how in unusual)])
