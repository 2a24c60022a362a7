"""Which tables there are: their titles, the sections of params.tables they show, their columns."""

from dataclasses import dataclass, replace

from relclip.core.metrics import MEASURES, ZERO_SHOT, metric_label
from relclip.core.params.tables import Row
from relclip.core.params.whole import Params
from relclip.core.recall import MAIN, MAIN_NAMES, RECALL

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
        who, precision, cutoff = self.metric.rpartition("precision_at_")
        if precision:
            return f"P@{cutoff} ({'people' if who else 'oracle'})"
        label = metric_label(self.metric)
        return f"{label}, {self.pairs}" if self.pairs else label


@dataclass(frozen=True)
class Layout:
    """A table's title, its blocks (section of params.tables, heading), what a reader sees, tasks in the CSV.

    `setting`: what all its rows share, for the caption.
    """

    title: str
    blocks: tuple[tuple[str, str], ...]
    shown: tuple[tuple[str, str], ...]
    tasks: tuple[str, ...] = ("predcls",)
    other_pairs: tuple[tuple[str, str], ...] = ()
    setting: str = ""


def _each(task: str, *metrics: str) -> tuple[tuple[str, str], ...]:
    return tuple((task, metric) for metric in metrics)


_ALL_TASKS = ("predcls", "sgcls", "sgdet")
_RECALLS = (RECALL.at(50), RECALL.at(100))
_NEW_METRICS = (*MAIN_NAMES, ZERO_SHOT.at())
_KB = "Trained with the knowledge base (KB)."
_KB_EXT = "Trained with the knowledge base and CLIP's scores (KB+EXT)."
LAYOUTS = {
    "table1": Layout(
        "Distant and full supervision",
        (("table1_distant", "Distant supervision"), ("table1_full", "Full supervision")),
        tuple((task, metric) for task in _ALL_TASKS for metric in SHOWN),
        _ALL_TASKS,
    ),
    "table2": Layout(
        "Precision of the surest triplets",
        (("table2", ""),),
        _each("predcls", "precision_at_10", "precision_at_20", *_RECALLS),
    ),
    "table3": Layout(
        "Levels of the relational contrast", (("table3", ""),), _each("predcls", *SHOWN), setting=_KB_EXT
    ),
    "table4": Layout("Pre-training", (("table4", ""),), _each("predcls", *_RECALLS), setting=_KB_EXT),
    "table5": Layout(
        "Semantic-aware active sampling", (("table5", ""),), _each("predcls", *SHOWN), setting=_KB
    ),
    "table6": Layout(
        "The synonym threshold epsilon", (("table6", ""),), _each("predcls", *SHOWN), setting=_KB
    ),
    "beyond": Layout(
        "Rows beyond the paper",
        (("beyond", ""),),
        (*_each("predcls", *_NEW_METRICS), *_each("sgcls", RECALL.at())),
        ("predcls", "sgcls"),
        _each("predcls", RECALL.at()),
        "Rows that the paper does not have. zR counts only triplets of classes never annotated in train. The other "
        "set of pairs is shown where a run predicted pairs of boxes that do not overlap: the same predictions without "
        "them.",
    ),
    "kb_size": Layout(
        "Knowledge bases from a share of the captions",
        (("kb_size", ""),),
        (*_each("kb", "captions", "precision", "coverage"), *_each("predcls", *_NEW_METRICS)),
        setting="Trained with the knowledge base (KB) of a seeded share of the captions. Precision: the share of its "
        "triplets of classes that occur in train; coverage: the share of train relations whose triplet of classes it "
        "has.",
    ),
}
#: The tables of the paper; the others stand in a section of their own.
OF_PAPER = tuple(key for key in LAYOUTS if key.startswith("table"))


def with_people(layout: Layout) -> Layout:
    """The same with P@K by people before each by the oracle."""
    theirs = [
        (task, f"people_{metric}") for task, metric in layout.shown if metric.startswith("precision_at_")
    ]
    return replace(layout, shown=(*theirs, *layout.shown))


def columns(layout: Layout, require_overlap: bool) -> tuple[Column, ...]:
    """The columns that a reader sees, then those that only the CSV has."""
    pairs = "all pairs" if require_overlap else "overlapping pairs"
    seen = [Column(task, metric) for task, metric in layout.shown]
    seen += [Column(task, metric, pairs=pairs) for task, metric in layout.other_pairs]
    seen.sort(key=lambda column: list(TASKS).index(column.task))
    every = [(task, metric) for task in layout.tasks for metric in (*SHOWN, *ONLY_CSV)]
    hidden = [Column(*place, shown=False) for place in every if place not in layout.shown]
    turned = [Column(*place, shown=False, pairs=pairs) for place in every if place not in layout.other_pairs]
    return (*seen, *hidden, *turned)


def row_note(params: Params, row: Row) -> str:
    """What stands under a row's name: its own note, how it ranks where that is not by softmax (docs/method.md, 2)."""
    trained = [run for run in row.runs if run not in params.predict.training_free]
    ranked = dict.fromkeys(params.prediction(run)[2] for run in trained)
    unusual = [how for how in ranked if how != "softmax"]
    return "; ".join([*([row.note] if row.note else []), *(f"ranked by {how}" for how in unusual)])
