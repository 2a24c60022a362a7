"""Which figures a report has, from what they are drawn, and what their captions say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from relclip.core.params import Params, Row
from relclip.tables.figures.counts import knowledge_figure, relations_figure
from relclip.tables.figures.curves import Trained, curves_figure
from relclip.tables.figures.predicates import predicates_figure
from relclip.tables.figures.style import save_themed
from relclip.tables.grid import read_row
from relclip.tables.sources import DataSet, KnowledgeBase, read_curve

#: Figure -> the sections of params.tables whose trained rows it shows.
CURVES = {
    "table1": ("table1_distant", "table1_full"),
    "table3": ("table3",),
    "table5": ("table5",),
    "table6": ("table6",),
}
#: Section -> what a row is called where its heading is not in sight.
LEGENDS = {"table1_full": "{}, full supervision", "table6": "epsilon {}"}
PER_PREDICATE = "recall_at_100"


@dataclass(frozen=True)
class Drawn:
    """One figure: `<name>.svg` and `<name>-dark.svg`, what it shows in a sentence (its alt text)."""

    name: str
    title: str
    text: str


def draw_curves(params: Params, train: Path, folder: Path) -> list[Drawn]:
    """Draw the training curves of each table that has trained rows."""
    drawn = []
    colours = row_colours(params)
    for table, blocks in CURVES.items():
        rows = [(block, row) for block in blocks for row in getattr(params.tables, block)]
        trained = [one for block, row in rows if (one := _trained(block, row, train, colours[table]))]
        if trained:
            save_themed(folder, f"curves-{table}", partial(curves_figure, rows=trained))
            text = "Loss on the training batches, recall on validation pictures; one line a seed."
            drawn.append(Drawn(f"curves-{table}", f"Training, table {table.removeprefix('table')}", text))
    return drawn


def _trained(block: str, row: Row, train: Path, colours: Mapping[str, int]) -> Trained | None:
    curves = tuple(curve for run in row.runs if (curve := read_curve(train / run / "curves.csv")))
    name = LEGENDS.get(block, "{}").format(row.name)
    return Trained(name, colours[row.runs[0]], curves) if curves else None


def row_colours(params: Params) -> dict[str, dict[str, int]]:
    """Table -> first run of a row -> number of its colour: a training keeps its colour in all tables."""
    kept: dict[str, int] = {}
    colours: dict[str, dict[str, int]] = {}
    for table, blocks in CURVES.items():
        runs = [
            row.runs[0]
            for block in blocks
            for row in getattr(params.tables, block)
            if row.runs and row.runs[0] in params.runs
        ]
        used = {kept[run] for run in runs if run in kept}
        free = (number for number in range(len(runs) + len(used)) if number not in used)
        colours[table] = {run: kept[run] if run in kept else next(free) for run in dict.fromkeys(runs)}
        kept = colours[table] | kept
    return colours


def draw_predicates(params: Params, data: DataSet, evaluate: Path, folder: Path) -> list[Drawn]:
    """Draw PredCls R@100 of each predicate for every row of table 1 that was built."""
    rows = [
        (row.name, recalls)
        for row in params.tables.table1_distant
        if (recalls := _per_predicate(row, data, evaluate))
    ]
    rows += [
        (f"{row.name}, full", recalls)
        for row in params.tables.table1_full
        if (recalls := _per_predicate(row, data, evaluate))
    ]
    if not rows:
        return []
    order = np.argsort(-data.relations_per_predicate(data.relations)["train"], kind="stable")
    names = [data.vocabulary.predicates[number] for number in order]
    grid = 100 * np.array([[recalls.get(name, np.nan) for _, recalls in rows] for name in names])
    save_themed(
        folder,
        "predicates",
        partial(predicates_figure, predicates=names, rows=[name for name, _ in rows], recall=grid),
    )
    text = (
        "PredCls R@100 of each relation in percent, on the annotation; the most frequent in train come first."
    )
    return [Drawn("predicates", "Recall by relation", text)]


def _per_predicate(row: Row, data: DataSet, evaluate: Path) -> dict[str, float]:
    results = read_row(evaluate, row, "predcls", "annotation")
    names = [
        name
        for name in data.vocabulary.predicates
        if any(PER_PREDICATE in one.per_predicate.get(name, {}) for one in results)
    ]
    return {name: fmean(one.per_predicate[name][PER_PREDICATE] for one in results) for name in names}


def draw_relations(data: DataSet, folder: Path) -> list[Drawn]:
    """Draw the annotated relations of each predicate by split."""
    counts = data.relations_per_predicate(data.relations)
    predicates = data.vocabulary.predicates
    save_themed(folder, "relations", partial(relations_figure, predicates=predicates, counts=counts))
    text = "How often each relation is annotated in train, validation and test."
    return [Drawn("relations", "Annotated relations", text)]


def draw_knowledge(data: DataSet, knowledge: KnowledgeBase, folder: Path) -> list[Drawn]:
    """Draw the triplets and mentions of each predicate, and how many annotated relations they cover."""
    predicates = data.vocabulary.predicates
    distinct, mentions = _triplet_counts(knowledge, predicates)
    covered, every = knowledge.coverage(data)
    share = np.divide(covered, every, out=np.full(len(predicates), np.nan), where=every > 0)
    values = {"distinct": distinct, "mentions": mentions, "coverage": share}
    save_themed(folder, "knowledge", partial(knowledge_figure, predicates=predicates, **values))
    text = (
        "Distinct triplets and caption mentions of each relation, and coverage: the share of annotated train "
        "relations whose triplet of classes the knowledge base has."
    )
    return [Drawn("knowledge", "The knowledge base by relation", text)]


def _triplet_counts(
    knowledge: KnowledgeBase, predicates: Sequence[str]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    ids, size = knowledge.triplets["predicate_id"], len(predicates) + 1
    mentions = np.bincount(ids, weights=knowledge.triplets["count"], minlength=size)[1:]
    return np.bincount(ids, minlength=size)[1:], mentions.astype(np.int64)
