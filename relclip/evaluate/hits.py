"""For every ground truth the place of the first prediction that hits it: all metrics follow.

The table that `relclip evaluate --hits hits.parquet` writes is meant for SQL. Recall at 50 under the graph constraint,
predicate by predicate (here from a table of three ground truths in two images):

>>> import duckdb, tempfile
>>> from relclip.core.parquet import write_table
>>> rows = [(1, 0, 3, 1, 0, 4, False), (1, 1, 2, 0, -1, 70, True), (2, 0, 3, 1, 60, 31, False)]
>>> folder = Path(tempfile.mkdtemp())
>>> write_table(folder / "hits.parquet", pa.table([list(values) for values in zip(*rows)], schema=HITS), HITS)
>>> duckdb.sql(f'''
...     WITH by_image AS (
...         SELECT image_id, predicate_id, avg((rank >= 0 AND rank < 50)::INT) AS recall
...         FROM '{folder}/hits.parquet' GROUP BY ALL
...     )
...     SELECT predicate_id, count(*) AS images, avg(recall) AS recall_at_50
...     FROM by_image GROUP BY ALL ORDER BY ALL
... ''').fetchall()
[(2, 1, 0.0), (3, 2, 0.5)]

Found only without the graph constraint, the images with most of them first:

>>> duckdb.sql(f'''
...     SELECT image_id, count(*) FROM '{folder}/hits.parquet'
...     WHERE rank NOT BETWEEN 0 AND 49 AND ng_rank BETWEEN 0 AND 49 GROUP BY ALL ORDER BY 2 DESC, 1
... ''').fetchall()
[(2, 1)]
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from relclip.core.errors import ContractError
from relclip.core.lookup import positions
from relclip.core.params.evaluate import Evaluate
from relclip.core.parquet import read_table
from relclip.core.recall import Task
from relclip.evaluate.checks import Ints
from relclip.evaluate.inputs import (
    GroundTruth,
    Objects,
    Relations,
    load_predicted_objects,
    pair_key,
    relation_rows,
)
from relclip.evaluate.matching import (
    ENOUGH_OVERLAP,
    boxes_overlap,
    matches,
    overlapping,
    same_labels,
    unions_overlap,
)
from relclip.evaluate.ranking import NO_PLACE, lowest_first, places, places_among, tie_keys, triplet_scores
from relclip.evaluate.relation_batches import relation_batches
from relclip.evaluate.views import TrainTriplets, label_key

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
#: The first place whose phrase (the box around both) hits; whose pair hits, whatever its predicate (one place a pair);
#: that hits among the predictions of annotated pairs (not of SGDet, whose boxes are its own). Older files lack them.
FURTHER = pa.schema(
    [
        (name, pa.int32())
        for name in ("phrase_rank", "ng_phrase_rank", "pair_rank", "given_rank", "ng_given_rank")
    ]
)
_NEVER = np.iinfo(np.int64).max


def hits_schema(task: Task) -> pa.Schema:
    """The columns that are written for a task."""
    return pa.schema([*HITS, *(one for one in FURTHER if task != "sgdet" or "given" not in one.name)])


def read_hits(path: Path) -> pa.Table:
    """Read first hits. Raises ContractError where the file is absent or not what `evaluate` writes."""
    table = read_table(path, HITS, optional=FURTHER)
    for name in (name for name in table.column_names if name.endswith("rank")):
        if pc.any(pc.less(table[name], -1)).as_py():
            raise ContractError(f"{path} has a {name} below -1, which means never; judge again")
    return table


@dataclass(frozen=True)
class Hits:
    """The table (schema HITS, sorted) of the ground truths that count, what was counted on the way, what was judged."""

    table: pa.Table
    counts: dict[str, int]
    objects: Objects  # the predicted ones


@dataclass(frozen=True)
class Ranked:
    """Predictions of some images, all relations of an image at once, with their places; (M,) each.

    `rank`: place from 0 under the graph constraint (NO_PLACE: not the pair's best), `ng_rank`: without it.
    """

    objects: Objects
    relations: Relations
    rank: Ints
    ng_rank: Ints


#: What sees the ranked predictions pass by, piece after piece.
Watch = Callable[[Ranked], None]


class _FirstHits:
    """The best place so far of each ground truth that counts, and what was met on the way."""

    def __init__(self, annotated: GroundTruth, task: Task, switches: Evaluate) -> None:
        self._annotated, self._truth = annotated, counting(annotated, switches)
        self._task, self._switches = task, switches
        self._places = {
            name: np.full(len(self._truth.relations.image), _NEVER)
            for name in hits_schema(task).names
            if name.endswith("rank")
        }
        self._has_prediction = np.zeros(len(annotated.images), bool)
        self._predictions = self._apart = self._tied = self._repeated = 0

    def add(self, objects: Objects, relations: Relations) -> Ranked:
        """Take in the predictions of some images, all relations of an image at once."""
        self._predictions += len(relations.image)
        self._repeated += _repeated(relations)
        shared = overlapping(objects, relations)
        self._apart += int((~shared).sum())
        if self._switches.require_overlap:
            relations = relations.where(shared)
        self._has_prediction[relations.image] = True
        ranked = self._ranked(objects, relations)
        self._note_triplets(ranked)
        self._note_pairs(ranked)
        return ranked

    def _ranked(self, objects: Objects, relations: Relations) -> Ranked:
        score = triplet_scores(relations, objects, self._task)
        ends = objects.object_id[relations.subject], objects.object_id[relations.object]
        if self._switches.ties == "lowest":
            tie = lowest_first(relations.predicate, *ends)
        else:
            tie = tie_keys(
                self._switches.seed, self._truth.images[relations.image], *ends, relations.predicate
            )
        rank, ng_rank, tied = places(relations, score, tie)
        self._tied += tied
        return Ranked(objects, relations, rank, ng_rank)

    def _note_triplets(self, ranked: Ranked) -> None:
        """What hits by both boxes, and by the box around both (the phrase), where the labels agree."""
        by_boxes = {"rank": ranked.rank, "ng_rank": ranked.ng_rank}
        by_phrase = {"phrase_rank": ranked.rank, "ng_phrase_rank": ranked.ng_rank}
        if self._task != "sgdet":
            given = self._is_annotated_pair(ranked)
            by_boxes |= {
                f"{listed}given_rank": places_among(ranked.relations.image, place, given)
                for listed, place in (("", ranked.rank), ("ng_", ranked.ng_rank))
            }
        where = self._truth, ranked.objects, ranked.relations
        for target, row in same_labels(*where):
            for overlap, lists in ((boxes_overlap, by_boxes), (unions_overlap, by_phrase)):
                hit = overlap(*where, (target, row), self._switches.pixel_inclusive) >= ENOUGH_OVERLAP
                for name, place in lists.items():
                    self._note(name, target[hit], place[row[hit]])

    def _note_pairs(self, ranked: Ranked) -> None:
        """Pairs that hit whatever their predicate: each stands in the list once, with its best."""
        best = ranked.relations.where(ranked.rank != NO_PLACE)
        place = ranked.rank[ranked.rank != NO_PLACE]
        inclusive = self._switches.pixel_inclusive
        for target, row in matches(self._truth, ranked.objects, best, inclusive, any_predicate=True):
            self._note("pair_rank", target, place[row])

    def _note(self, name: str, target: Ints, place: Ints) -> None:
        """Ground truths `target` are hit at these places of a list."""
        listed = place != NO_PLACE
        np.minimum.at(self._places[name], target[listed], place[listed])

    def _is_annotated_pair(self, ranked: Ranked) -> NDArray[np.bool_]:
        """Whether the pair of object ids of each prediction is annotated, (M,)."""
        true, relations, ids = self._truth.relations, ranked.relations, ranked.objects.object_id
        subject, other = (
            self._truth.objects.rows(relations.image, ids[end])
            for end in (relations.subject, relations.object)
        )
        size = len(self._truth.objects.image) + 1
        known = positions(np.unique(true.subject * size + true.object), subject * size + other) >= 0
        return known & (subject >= 0) & (other >= 0)

    def table(self, train: TrainTriplets | None) -> pa.Table:
        """All ground truths that count with their places, schema `hits_schema`."""
        truth, relations, classes = self._truth, self._truth.relations, self._truth.objects.class_id
        labels = label_key(
            classes[relations.subject], relations.predicate, classes[relations.object], truth.vocabulary
        )
        columns: dict[str, NDArray[np.generic]] = {
            "image_id": truth.images[relations.image],
            "subject_id": truth.objects.object_id[relations.subject],
            "predicate_id": relations.predicate,
            "object_id": truth.objects.object_id[relations.object],
            "zero_shot": np.zeros(len(labels), bool) if train is None else ~np.isin(labels, train.keys),
            **{name: np.where(place == _NEVER, NO_PLACE, place) for name, place in self._places.items()},
        }
        if self._switches.empty_predictions == "skip":
            kept = self._has_prediction[relations.image]
            columns = {name: values[kept] for name, values in columns.items()}
        schema = hits_schema(self._task)
        table = pa.table(columns).select(schema.names).cast(schema)
        return table.sort_by([(name, "ascending") for name in schema.names])

    def counts(self) -> dict[str, int]:
        """What was met."""
        truth, once = self._annotated, self._truth
        annotated = np.zeros(len(truth.images), bool)
        annotated[once.relations.image] = True
        return {
            "images": len(truth.images),
            "images_without_groundtruth": int((~annotated).sum()),
            "images_without_prediction": int((annotated & ~self._has_prediction).sum()),
            "groundtruth": len(once.relations.image),
            "groundtruth_duplicates": len(truth.relations.image) - len(once.relations.image),
            "groundtruth_without_overlap": int((~overlapping(once.objects, once.relations)).sum()),
            "predictions": self._predictions,
            "predictions_without_overlap": self._apart,
            "predictions_without_overlap_dropped": self._apart if self._switches.require_overlap else 0,
            "predictions_tied": self._tied,
            "predictions_repeated": self._repeated,
            "overlapping_only": not self._apart,
        }


def first_hits(
    truth: GroundTruth, predictions: Path, task: Task, switches: Evaluate, train: TrainTriplets | None = None
) -> Hits:
    """Judge a folder of predictions (docs/design.md's objects.parquet, relations.parquet) in bounded memory.

    `train`: its triplets (`load_train_triplets`, `triplets_of`); None: nothing is zero-shot.
    """
    return first_hits_each(truth, predictions, task, [switches], train)[0]


def first_hits_each(
    truth: GroundTruth,
    predictions: Path,
    task: Task,
    variants: Sequence[Evaluate],
    train: TrainTriplets | None = None,
    *,
    watch: Sequence[Watch] = (),
) -> list[Hits]:
    """`first_hits` under several settings of the switches; the files are read once.

    `watch`: what is shown the ranked predictions of the first setting too.
    """
    inclusive = any(switches.pixel_inclusive for switches in variants)
    objects = load_predicted_objects(predictions, truth, pixel_inclusive=inclusive)
    path = predictions / "relations.parquet"
    pieces = (
        relation_rows(table, truth.images, objects, truth.vocabulary, path)
        for table in relation_batches(path, truth.images)
    )
    return first_hits_of(truth, objects, pieces, task, variants, train=train, watch=watch)


def first_hits_of(
    truth: GroundTruth,
    objects: Objects,
    pieces: Iterable[Relations],
    task: Task,
    variants: Sequence[Evaluate],
    *,
    train: TrainTriplets | None = None,
    watch: Sequence[Watch] = (),
) -> list[Hits]:
    """The same of predictions in memory: objects, and relations in pieces of whole images of `truth`."""
    firsts = [_FirstHits(truth, task, switches) for switches in variants]
    for relations in pieces:
        ranked = [first.add(objects, relations) for first in firsts]
        for watcher in watch:
            watcher(ranked[0])
    return [Hits(first.table(train), first.counts(), objects) for first in firsts]


def counting(truth: GroundTruth, switches: Evaluate) -> GroundTruth:
    """The ground truth with the relations that count: each once, if `dedup` says so."""
    if not switches.dedup:
        return truth
    return replace(truth, relations=truth.relations.where(_without_duplicates(truth)))


def _without_duplicates(truth: GroundTruth) -> Ints:
    """Rows of the distinct ground truths: same subject, predicate and object."""
    relations = truth.relations
    pair = relations.subject * len(truth.objects.image) + relations.object
    key = pair * (len(truth.vocabulary.predicates) + 1) + relations.predicate
    return np.sort(np.unique(key, return_index=True)[1])


def _repeated(relations: Relations) -> int:
    """How many rows say again what another says of the same pair, which takes places of the list without constraint."""
    pair = pair_key(relations.subject, relations.object)
    order = np.lexsort((relations.predicate, pair))
    same = (pair[order][1:] == pair[order][:-1]) & (np.diff(relations.predicate[order]) == 0)
    return int(same.sum())
