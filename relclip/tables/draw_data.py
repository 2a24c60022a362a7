"""Figures of what goes in: annotated relations, the knowledge base, its quality, its size against recall."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from relclip.tables.draw_recall import frequent_first
from relclip.tables.drawn import Drawn
from relclip.tables.figures.counts import knowledge_figure, relations_figure
from relclip.tables.figures.quality import Size, quality_figure, size_figure
from relclip.tables.figures.style import save_themed
from relclip.tables.knowledge import WHOLE, Qualities, Quality
from relclip.tables.sources import DataSet, KnowledgeBase


def draw_relations(data: DataSet, folder: Path) -> list[Drawn]:
    """Draw the annotated relations of each predicate by split."""
    counts = data.relations_per_predicate(data.relations)
    predicates = data.vocabulary.predicates
    save_themed(folder, "relations", partial(relations_figure, predicates=predicates, counts=counts))
    text = "How often each relation is annotated in train, validation and test."
    return [Drawn("relations", "Annotated relations", text)]


def draw_knowledge(data: DataSet, knowledge: KnowledgeBase, quality: Qualities, folder: Path) -> list[Drawn]:
    """Draw the triplets and mentions of each predicate, then their precision and coverage in train."""
    predicates = data.vocabulary.predicates
    distinct, mentions = _triplet_counts(knowledge, predicates)
    save_themed(
        folder,
        "knowledge",
        partial(knowledge_figure, predicates=predicates, distinct=distinct, mentions=mentions),
    )
    text = "Distinct triplets of classes and caption mentions of each relation."
    drawn = Drawn("knowledge", "The knowledge base by relation", text)
    return [drawn, *(_draw_quality(data, name, by, folder) for name, by in quality.items())]


def _draw_quality(data: DataSet, base: str, quality: Mapping[str, Quality], folder: Path) -> Drawn:
    """`base`: all that was mined, or what the trainings believe."""
    whole = base == WHOLE
    name = "knowledge-quality" if whole else "knowledge-believed"
    order = frequent_first(data)
    names = [data.vocabulary.predicates[number] for number in order]
    precision = {judged: one.precision[order] for judged, one in quality.items()}
    coverage = {judged: one.coverage[order] for judged, one in quality.items()}
    save_themed(
        folder,
        name,
        partial(quality_figure, predicates=names, precision=precision, coverage=coverage),
    )
    text = (
        f"Of {'all that was mined' if whole else 'what the trainings believe (train.kb in params.yaml)'}. Precision: "
        "the share of the knowledge base's triplets of classes that occur in train. Coverage: the share of "
        "train relations whose triplet of classes it has. Against the annotation"
        f"{' and the full truth' if len(quality) > 1 else ''}; the most frequent in train come first."
    )
    title = f"Precision and coverage of {'the knowledge base' if whole else 'what is believed of it'}"
    return Drawn(name, title, text)


def draw_sizes(sizes: Sequence[Size], folder: Path) -> list[Drawn]:
    """Draw recall, coverage and precision over the share of the captions; a curve needs two sizes."""
    if len({size.share for size in sizes}) < 2:
        return []
    save_themed(folder, "kb-size", partial(size_figure, sizes=sizes))
    text = (
        "RelCLIP trained with the knowledge base of a seeded share of the captions: recall on the test annotation; "
        "coverage and precision of its triplets against the train annotation."
    )
    return [Drawn("kb-size", "Effect of the knowledge base's size", text)]


def _triplet_counts(
    knowledge: KnowledgeBase, predicates: Sequence[str]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    ids, size = knowledge.triplets["predicate_id"], len(predicates) + 1
    mentions = np.bincount(ids, weights=knowledge.triplets["count"], minlength=size)[1:]
    return np.bincount(ids, minlength=size)[1:], mentions.astype(np.int64)
