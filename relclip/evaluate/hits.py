"""For every ground truth the place of the first prediction that hits it: all metrics follow from this one table."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from relclip.core.params import Evaluate
from relclip.evaluate.inputs import (
    GroundTruth,
    Ints,
    Objects,
    Relations,
    fit_relations,
    label_key,
    load_predicted_objects,
)
from relclip.evaluate.matching import matches, overlapping
from relclip.evaluate.pieces import relation_pieces
from relclip.evaluate.ranking import NO_PLACE, places, tie_keys, tied, triplet_scores

Task = Literal["predcls", "sgcls", "sgdet"]
TASKS: tuple[Task, ...] = ("predcls", "sgcls", "sgdet")

#: `rank` and `ng_rank` (without graph constraint) count from 0: a hit at K is 0 <= rank < K; -1 is never hit.
HITS = pa.schema(
    [
        ("image_id", pa.int64()),
        ("subject_id", pa.int32()),
        ("predicate_id", pa.int16()),
        ("object_id", pa.int32()),
        ("rank", pa.int32()),
        ("ng_rank", pa.int32()),
        ("zero_shot", pa.bool_()),
    ]
)


@dataclass(frozen=True)
class Hits:
    """The table (schema HITS, sorted) of the ground truths that count, and what was counted on the way."""

    table: pa.Table
    counts: dict[str, int]


class _First:
    """The best place so far of each ground truth, and what was met."""

    def __init__(self, relations: int, images: int) -> None:
        self.rank = np.full(relations, np.iinfo(np.int64).max)
        self.ng_rank = self.rank.copy()
        self.has_prediction = np.zeros(images, bool)
        self.predictions = self.dropped = self.tied = 0


def first_hits(
    truth: GroundTruth, predictions: Path, task: Task, switches: Evaluate, seen: Ints | None = None
) -> Hits:
    """Judge a folder of predictions (DESIGN's objects.parquet, relations.parquet) in bounded memory.

    `seen`: label keys of train triplets (`inputs.load_seen`, `inputs.seen_in`); None: nothing is zero-shot.
    """
    judged = truth.relations.where(_without_duplicates(truth)) if switches.dedup else truth.relations
    once = GroundTruth(truth.vocabulary, truth.images, truth.objects, judged)
    objects = load_predicted_objects(predictions, truth)
    first = _First(len(judged.image), len(truth.images))
    path = predictions / "relations.parquet"
    for table in relation_pieces(path, truth.images):
        relations = fit_relations(table, truth.images, objects, truth.vocabulary, path)
        _judge(first, once, objects, relations, task, switches)
    counts = _counts(truth, once, first)
    return Hits(_table(once, first, switches, seen), counts)


def _judge(
    first: _First, truth: GroundTruth, objects: Objects, relations: Relations, task: Task, switches: Evaluate
) -> None:
    first.predictions += len(relations.image)
    if switches.require_overlap:
        shared = overlapping(objects, relations)
        first.dropped += int((~shared).sum())
        relations = relations.where(shared)
    first.has_prediction[relations.image] = True
    score = triplet_scores(relations, objects, task)
    first.tied += tied(relations, score)
    ends = objects.object_id[relations.subject], objects.object_id[relations.object]
    tie = tie_keys(switches.seed, truth.images[relations.image], *ends, relations.predicate)
    rank, ng_rank = places(relations, score, tie)
    for target, row in matches(truth, objects, relations, switches.pixel_inclusive):
        listed = rank[row] != NO_PLACE
        np.minimum.at(first.rank, target[listed], rank[row[listed]])
        np.minimum.at(first.ng_rank, target, ng_rank[row])


def _without_duplicates(truth: GroundTruth) -> Ints:
    """Rows of the distinct ground truths: same subject, predicate and object."""
    relations = truth.relations
    pair = relations.subject * len(truth.objects.image) + relations.object
    key = pair * (len(truth.vocabulary.predicates) + 1) + relations.predicate
    return np.sort(np.unique(key, return_index=True)[1])


def _table(truth: GroundTruth, first: _First, switches: Evaluate, seen: Ints | None) -> pa.Table:
    relations, classes = truth.relations, truth.objects.class_id
    labels = label_key(
        classes[relations.subject], relations.predicate, classes[relations.object], truth.vocabulary
    )
    zero_shot = np.zeros(len(labels), bool) if seen is None else ~np.isin(labels, seen)
    arrays = [
        truth.images[relations.image],
        truth.objects.object_id[relations.subject],
        relations.predicate,
        truth.objects.object_id[relations.object],
        _place(first.rank),
        _place(first.ng_rank),
        zero_shot,
    ]
    if switches.empty_predictions == "skip":
        arrays = [array[first.has_prediction[relations.image]] for array in arrays]
    table = pa.table(arrays, names=HITS.names).cast(HITS)
    return table.sort_by([(name, "ascending") for name in HITS.names])


def _place(rank: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.where(rank == np.iinfo(np.int64).max, NO_PLACE, rank)


def _counts(truth: GroundTruth, once: GroundTruth, first: _First) -> dict[str, int]:
    annotated = np.zeros(len(truth.images), bool)
    annotated[once.relations.image] = True
    return {
        "images": len(truth.images),
        "images_without_groundtruth": int((~annotated).sum()),
        "images_without_prediction": int((annotated & ~first.has_prediction).sum()),
        "groundtruth": len(once.relations.image),
        "groundtruth_duplicates": len(truth.relations.image) - len(once.relations.image),
        "groundtruth_without_overlap": int((~overlapping(once.objects, once.relations)).sum()),
        "predictions": first.predictions,
        "predictions_without_overlap_dropped": first.dropped,
        "predictions_tied": first.tied,
    }
