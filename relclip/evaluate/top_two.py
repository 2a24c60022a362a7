"""Collects the lists that Open Images' precisions are made of, while the ranked predictions pass by."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from relclip.core.metrics import OF_LISTS
from relclip.core.open_images import EARLY, NO_TRUTH, PLACES, PREDICATES_A_PAIR, Listed
from relclip.core.recall import Task
from relclip.evaluate.checks import Floats, Ints
from relclip.evaluate.hits import Ranked
from relclip.evaluate.inputs import GroundTruth, pair_key
from relclip.evaluate.matching import ENOUGH_OVERLAP, boxes_overlap, same_labels, unions_overlap
from relclip.evaluate.metrics import optional
from relclip.evaluate.ranking import places_among, triplet_scores


@dataclass
class Lists:
    """Columns of predictions (as in Listed), some images at a time; found (N,): ground truths hit early."""

    found: NDArray[np.bool_]
    columns: list[tuple[Ints, Ints, Ints, Floats, Ints, Ints]] = field(default_factory=list)


class TopTwo:
    """The lists of some images against a ground truth (its relations as they count, once each under `dedup`)."""

    def __init__(self, truth: GroundTruth, task: Task, pixel_inclusive: bool) -> None:
        self._truth, self._task, self._inclusive = truth, task, pixel_inclusive
        self.lists = Lists(np.zeros(len(truth.relations.image), bool))

    def add(self, ranked: Ranked) -> None:
        """Look at the predictions of some images, all relations of an image at once."""
        pair = pair_key(ranked.relations.subject, ranked.relations.object)
        among_pair = places_among(pair, ranked.ng_rank, np.ones(len(pair), bool))
        place = places_among(ranked.relations.image, ranked.ng_rank, among_pair < PREDICATES_A_PAIR)
        kept = (place >= 0) & (place < PLACES)
        relations, place = ranked.relations.where(kept), place[kept]
        relation, phrase = (np.full(len(place), NO_TRUTH) for _ in range(2))
        for pairs in same_labels(self._truth, ranked.objects, relations):
            where = (self._truth, ranked.objects, relations, pairs, self._inclusive)
            target, row = pairs
            near = boxes_overlap(*where)
            self.lists.found[target[(near >= ENOUGH_OVERLAP) & (place[row] < EARLY)]] = True
            _note_best(relation, pairs, near)
            _note_best(phrase, pairs, unions_overlap(*where))
        score = triplet_scores(relations, ranked.objects, self._task)
        image = self._truth.images[relations.image]
        self.lists.columns.append((image, place, relations.predicate, score, relation, phrase))


def joined(lists: Sequence[Lists], positives: Ints) -> Listed:
    """Lists of different images, each against its own ground truth, as one."""
    names = ("image", "place", "predicate", "score", "relation", "phrase")
    columns: dict[str, list[NDArray[Any]]] = {name: [np.empty(0, np.int64)] for name in names}
    first = 0
    for one in lists:
        for *plain, relation, phrase in one.columns:
            fits = (np.where(fit == NO_TRUTH, NO_TRUTH, fit + first) for fit in (relation, phrase))
            for name, values in zip(names, (*plain, *fits), strict=True):
                columns[name].append(values)
        first += len(one.found)
    found = sum(int(one.found.sum()) for one in lists)
    return Listed(
        **{name: np.concatenate(values) for name, values in columns.items()}, found=found, positives=positives
    )


def list_metrics(lists: Sequence[Lists], positives: Ints) -> dict[str, float | None]:
    """The registry's metrics of lists; positives (P,): the ground truths of each predicate that count."""
    listed = joined(lists, positives)
    return {metric.name: optional(float(metric.function(listed))) for metric in OF_LISTS}


def _note_best(fits: Ints, pairs: tuple[Ints, Ints], overlap: Floats) -> None:
    """Put down the ground truth of the largest IoU above 0.5 of each prediction, the first of equal ones."""
    near = overlap > ENOUGH_OVERLAP
    target, row, overlap = pairs[0][near], pairs[1][near], overlap[near]
    order = np.lexsort((target, -overlap, row))
    rows, first = np.unique(row[order], return_index=True)
    fits[rows] = target[order][first]
