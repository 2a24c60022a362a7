"""How good a knowledge base is, by the relations of train; those of a share of the captions, and their trainings."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isnan
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
from numpy.typing import NDArray

from relclip.core.annotations import Annotations
from relclip.core.kb_filter import believed_triplets
from relclip.core.params.whole import Params
from relclip.core.parquet import TRIPLET
from relclip.core.recall import MAIN
from relclip.tables.figures.quality import Size
from relclip.tables.grid import cell, read_row
from relclip.tables.results import Result
from relclip.tables.sources import columns_of

Columns = Mapping[str, NDArray[Any]]
Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Quality:
    """Counts by predicate, (P,) each.

    `triplets` of classes that the knowledge base has, how many of them occur in train (`right`); `relations` of train,
    and how many have a triplet of classes that the knowledge base has (`covered`).
    """

    triplets: Counts
    right: Counts
    relations: Counts
    covered: Counts

    @property
    def precision(self) -> NDArray[np.float64]:
        """Share of the triplets that occur in train, (P,); NaN where there is no triplet."""
        return _share(self.right, self.triplets)

    @property
    def coverage(self) -> NDArray[np.float64]:
        """Share of the relations whose triplet is known, (P,); NaN where there is no relation."""
        return _share(self.covered, self.relations)

    @property
    def whole(self) -> tuple[float, float]:
        """Precision and coverage over all predicates; NaN where there is nothing to count."""
        return (
            float(_share(self.right.sum(), self.triplets.sum())),
            float(_share(self.covered.sum(), self.relations.sum())),
        )


#: Knowledge base (WHOLE, BELIEVED) -> what it was judged on -> its quality.
Qualities = Mapping[str, Mapping[str, Quality]]
WHOLE, BELIEVED = "all", "believed"


def quality(triplets: Columns, data: Annotations, split: str = "train") -> Quality:
    """Compare triplets (columns subject_class, predicate_id, object_class) with the relations of one split."""
    known = np.unique(np.stack([triplets[name] for name in TRIPLET.names], axis=1).astype(np.int64), axis=0)
    annotated = data.triplets(split)
    size = len(data.vocabulary.predicates)
    known_codes, annotated_codes = _codes(known, size), _codes(annotated, size)

    def count(rows: NDArray[np.int64]) -> Counts:
        return np.bincount(rows[:, 1], minlength=size + 1)[1 : size + 1]

    return Quality(
        count(known),
        count(known[np.isin(known_codes, annotated_codes)]),
        count(annotated),
        count(annotated[np.isin(annotated_codes, known_codes)]),
    )


def quality_rows(predicates: Sequence[str], found: Qualities) -> Iterable[Sequence[object]]:
    """Lines of tables/knowledge.csv: a line a knowledge base, judgement and predicate, shares in percent."""
    yield (
        *("knowledge_base", "judged_on", "predicate", "triplets", "occur_in_train", "precision"),
        *("train_relations", "covered", "coverage"),
    )
    every = ((base, judged, one) for base, by in found.items() for judged, one in by.items())
    for base, judged, one in every:
        for number, name in enumerate(predicates):
            precision, coverage = (
                None if np.isnan(share[number]) else 100 * float(share[number])
                for share in (one.precision, one.coverage)
            )
            yield (
                *(base, judged, name, int(one.triplets[number]), int(one.right[number]), precision),
                *(int(one.relations[number]), int(one.covered[number]), coverage),
            )


def _codes(triplets: NDArray[np.int64], predicates: int) -> NDArray[np.int64]:
    """One number a triplet of classes; ids fit 16 bits."""
    return (triplets[:, 0] * (predicates + 1) + triplets[:, 1]) * 2**16 + triplets[:, 2]


def _share(part: Any, whole: Any) -> NDArray[np.float64]:
    part, whole = np.asarray(part, np.float64), np.asarray(whole, np.float64)
    return np.divide(part, whole, out=np.full(whole.shape, np.nan), where=whole > 0)


def triplets_of_runs(params: Params, kb: Path) -> dict[str, Columns]:
    """Run of a table on knowledge bases -> the triplets it believes; without training there are none."""
    runs = params.report.trainings(*params.report.showing("kb"))
    return {run: believed(params, run, kb) for run in runs if run not in params.predict.training_free}


def quality_of_runs(params: Params, triplets: Mapping[str, Columns], data: Annotations) -> dict[str, Result]:
    """Run -> its share of the captions, and precision and coverage of its triplets, as fractions.

    `data`: the annotation or the full truth, of which train counts.
    """
    found = {}
    for run, mine in triplets.items():
        precision, coverage = quality(mine, data).whole
        numbers = {"captions": share(params, run), "precision": precision, "coverage": coverage}
        metrics = {name: value for name, value in numbers.items() if not isnan(value)}
        found[run] = Result(metrics)
    return found


def share(params: Params, run: str) -> float:
    """The share of the captions that labelled this run's pairs, or those of the run that it predicts with."""
    return params.run(params.prediction(run)[0]).kb.captions


def believed(params: Params, run: str, kb: Path) -> Columns:
    """The triplets of classes that this run's labels came from, chosen as `train` chooses them."""
    training = params.run(params.prediction(run)[0])
    triplets, _ = believed_triplets(kb, training.kb, training.seed)
    return columns_of(triplets)


def knowledge_sizes(params: Params, evaluate: Path, knowledge: Mapping[str, Result]) -> list[Size]:
    """What figure kb-size shows, the smallest share first: rows of one share are drawn beside each other."""
    found = []
    for row in params.report.rows(*params.report.showing("kb")):
        known = [knowledge[run] for run in row.runs if run in knowledge]
        measured = read_row(evaluate, row)
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
