"""Figures of what goes in (annotated relations, the knowledge base), of the training curves, of the claims."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from relclip.core.params.tables import Block, Report, Row
from relclip.core.params.whole import Params
from relclip.core.recall import MAIN, MAIN_NAMES
from relclip.tables.claims import Claim
from relclip.tables.draw_recall import frequent_first
from relclip.tables.figures.forest import Compared, Interval, forest_figure
from relclip.tables.figures.learning_curves import Trained, curves_figure
from relclip.tables.figures.quality import (
    Size,
    knowledge_figure,
    quality_figure,
    relations_figure,
    size_figure,
)
from relclip.tables.figures.style import Drawn, save_themed
from relclip.tables.knowledge import WHOLE, Qualities, Quality
from relclip.tables.layout import table_name
from relclip.tables.sources import DataSet, KnowledgeBase, read_curve, relations_per_predicate


def draw_relations(data: DataSet, folder: Path) -> list[Drawn]:
    """Draw the annotated relations of each predicate by split."""
    counts = relations_per_predicate(data.annotation)
    predicates = data.vocabulary.predicates
    draw = partial(relations_figure, predicates=predicates, counts=counts)
    text = "How often each relation is annotated in train, validation and test."
    return [save_themed(folder, "relations", draw, title="Annotated relations", text=text)]


def draw_knowledge(data: DataSet, knowledge: KnowledgeBase, quality: Qualities, folder: Path) -> list[Drawn]:
    """Draw the triplets and mentions of each predicate, then their precision and coverage in train."""
    predicates = data.vocabulary.predicates
    distinct, mentions = _triplet_counts(knowledge, predicates)
    draw = partial(knowledge_figure, predicates=predicates, distinct=distinct, mentions=mentions)
    text = "Distinct triplets of classes and caption mentions of each relation."
    figure = save_themed(folder, "knowledge", draw, title="The knowledge base by relation", text=text)
    return [figure, *(_draw_quality(data, name, by, folder) for name, by in quality.items())]


def _draw_quality(data: DataSet, base: str, quality: Mapping[str, Quality], folder: Path) -> Drawn:
    """`base`: all that was mined, or what the trainings believe."""
    whole = base == WHOLE
    name = "knowledge-quality" if whole else "knowledge-believed"
    order, names = frequent_first(data)
    precision = {judged: one.precision[order] for judged, one in quality.items()}
    coverage = {judged: one.coverage[order] for judged, one in quality.items()}
    draw = partial(quality_figure, predicates=names, precision=precision, coverage=coverage)
    text = (
        f"Of {'all that was mined' if whole else 'what the trainings believe (train.kb in params.yaml)'}. Precision: "
        "the share of the knowledge base's triplets of classes that occur in train. Coverage: the share of "
        "train relations whose triplet of classes it has. Against the annotation"
        f"{' and the full truth' if len(quality) > 1 else ''}; the most frequent in train come first."
    )
    title = f"Precision and coverage of {'the knowledge base' if whole else 'what is believed of it'}"
    return save_themed(folder, name, draw, title=title, text=text)


def draw_sizes(sizes: Sequence[Size], folder: Path) -> list[Drawn]:
    """Draw recall, coverage and precision over the share of the captions; a curve needs two sizes."""
    if len({size.share for size in sizes}) < 2:
        return []
    text = (
        "RelCLIP trained with the knowledge base of a seeded share of the captions: recall on the test annotation; "
        "coverage and precision of its triplets against the train annotation."
    )
    title, draw = "Effect of the knowledge base's size", partial(size_figure, sizes=sizes)
    return [save_themed(folder, "kb-size", draw, title=title, text=text)]


def _triplet_counts(
    knowledge: KnowledgeBase, predicates: Sequence[str]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    ids, size = knowledge.triplets["predicate_id"], len(predicates) + 1
    mentions = np.bincount(ids, weights=knowledge.triplets["count"], minlength=size)[1:]
    return np.bincount(ids, minlength=size)[1:], mentions.astype(np.int64)


CLAIMS_TEXT = (
    "Each claim as a difference between two rows on the same test images, with its 95 % interval. Right of the line "
    "the claim is borne out, left of it the order is reversed; a hollow mark decides nothing."
)


def draw_claims(claims: Sequence[Claim], folder: Path) -> list[Drawn]:
    """Draw every claim that was computed; none, no figure."""
    rows = [_compared(claim) for claim in claims]
    rows = [row for row in rows if any(row.differences)]
    if not rows:
        return []
    draw = partial(forest_figure, metrics=[metric.label() for metric in MAIN], rows=rows)
    title = "Paired differences, judged on the annotation"
    return [save_themed(folder, "claims", draw, title=title, text=CLAIMS_TEXT)]


def _compared(claim: Claim) -> Compared:
    found = [claim.at("annotation", metric) for metric in MAIN_NAMES]
    return Compared(
        claim.name, tuple(Interval(one.difference, one.low, one.high) if one else None for one in found)
    )


def draw_curves(params: Params, train: Path, folder: Path) -> list[Drawn]:
    """Draw the training curves of each block of rows that has trained ones, of the tables that ask for them."""
    figures = []
    colours = row_colours(params)
    for table, key, block in _blocks(params.report):
        rows = [_trained(params.report.tables[table].legend, row, train, colours[key]) for row in block.rows]
        trained = [one for one in rows if one]
        if trained:
            text = "Loss on the training batches, recall on validation images; one line a seed."
            name = ", ".join(filter(None, (table_name(params.report, table), block.title)))
            title, draw = f"Training, {name[:1].lower()}{name[1:]}", partial(curves_figure, rows=trained)
            figures.append(save_themed(folder, f"curves-{key}", draw, title=title, text=text))
    return figures


def _blocks(report: Report) -> list[tuple[str, str, Block]]:
    """(table, key, block) of the tables that ask for curves."""
    return [
        (table, key, block)
        for table in report.tables
        if report.tables[table].curves
        for key, block in report.blocks(table).items()
    ]


def _trained(legend: str, row: Row, train: Path, colours: Mapping[str, int]) -> Trained | None:
    curves = tuple(curve for run in row.runs if (curve := read_curve(train / run / "curves.csv")))
    return Trained(legend.format(row.name), colours[row.runs[0]], curves) if curves else None


def row_colours(params: Params) -> dict[str, dict[str, int]]:
    """Block -> first run of a row -> number of its colour: a training keeps its colour in all tables."""
    kept: dict[str, int] = {}
    colours: dict[str, dict[str, int]] = {}
    for _, key, block in _blocks(params.report):
        runs = [row.runs[0] for row in block.rows if row.runs and row.runs[0] in params.trained]
        used = {kept[run] for run in runs if run in kept}
        free = (number for number in range(len(runs) + len(used)) if number not in used)
        colours[key] = {run: kept[run] if run in kept else next(free) for run in dict.fromkeys(runs)}
        kept = colours[key] | kept
    return colours
