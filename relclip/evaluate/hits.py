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

from collections.abc import Callable, Sequence
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


class _First:
    """The best place so far of each ground truth, and what was met on the way."""

    def __init__(self, truth: GroundTruth, task: Task, switches: Evaluate) -> None:
        self.truth, self.task, self.switches = truth, task, switches
        self.places = {
            name: np.full(len(truth.relations.image), _NEVER)
            for name in hits_schema(task).names
            if name.endswith("rank")
        }
        self.has_prediction = np.zeros(len(truth.images), bool)
        self.predictions = self.apart = self.tied = self.repeated = 0

    def add(self, objects: Objects, relations: Relations) -> Ranked:
        """Take in the predictions of some images, all relations of an image at once."""
        self.predictions += len(relations.image)
        self.repeated += _repeated(relations)
        shared = overlapping(objects, relations)
        self.apart += int((~shared).sum())
        if self.switches.require_overlap:
            relations = relations.where(shared)
        self.has_prediction[relations.image] = True
        ranked = Ranked(objects, relations, *self._places(objects, relations))
        lists = {"": ranked.rank, "ng_": ranked.ng_rank}
        given = {} if self.task == "sgdet" else self._among_given_pairs(ranked)
        for target, row in same_labels(self.truth, objects, relations):
            where = (self.truth, objects, relations, (target, row), self.switches.pixel_inclusive)
            hit, phrase = (overlap(*where) >= ENOUGH_OVERLAP for overlap in (boxes_overlap, unions_overlap))
            for listed, place in lists.items():
                self._note(f"{listed}rank", target[hit], place[row[hit]])
                self._note(f"{listed}phrase_rank", target[phrase], place[row[phrase]])
            for name, place in given.items():
                self._note(name, target[hit], place[row[hit]])
        self._note_pairs(ranked)
        return ranked

    def _note(self, name: str, target: Ints, place: Ints) -> None:
        """Ground truths `target` are hit at these places of a list."""
        listed = place != NO_PLACE
        np.minimum.at(self.places[name], target[listed], place[listed])

    def _note_pairs(self, ranked: Ranked) -> None:
        """Pairs that hit whatever their predicate: each stands in the list once, with its best."""
        best = ranked.relations.where(ranked.rank != NO_PLACE)
        place = ranked.rank[ranked.rank != NO_PLACE]
        inclusive = self.switches.pixel_inclusive
        for target, row in matches(self.truth, ranked.objects, best, inclusive, any_predicate=True):
            self._note("pair_rank", target, place[row])

    def _among_given_pairs(self, ranked: Ranked) -> dict[str, Ints]:
        """Places among the predictions whose pair of object ids is annotated, (M,) each."""
        true, relations, ids = self.truth.relations, ranked.relations, ranked.objects.object_id
        subject, other = (
            self.truth.objects.rows(relations.image, ids[end])
            for end in (relations.subject, relations.object)
        )
        size = len(self.truth.objects.image) + 1
        given = positions(np.unique(true.subject * size + true.object), subject * size + other) >= 0
        given &= (subject >= 0) & (other >= 0)
        return {
            name: places_among(relations.image, place, given)
            for name, place in (("given_rank", ranked.rank), ("ng_given_rank", ranked.ng_rank))
        }

    def _places(self, objects: Objects, relations: Relations) -> tuple[Ints, Ints]:
        score = triplet_scores(relations, objects, self.task)
        ends = objects.object_id[relations.subject], objects.object_id[relations.object]
        if self.switches.ties == "lowest":
            tie = lowest_first(relations.predicate, *ends)
        else:
            tie = tie_keys(self.switches.seed, self.truth.images[relations.image], *ends, relations.predicate)
        rank, ng_rank, tied = places(relations, score, tie)
        self.tied += tied
        return rank, ng_rank


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
    firsts = [_First(counting(truth, switches), task, switches) for switches in variants]
    path = predictions / "relations.parquet"
    for table in relation_batches(path, truth.images):
        relations = relation_rows(table, truth.images, objects, truth.vocabulary, path)
        ranked = [first.add(objects, relations) for first in firsts]
        for watcher in watch:
            watcher(ranked[0])
    return [Hits(_table(first, train), _counts(truth, first), objects) for first in firsts]


def first_hits_of(
    truth: GroundTruth,
    objects: Objects,
    relations: Relations,
    task: Task,
    switches: Evaluate,
    *,
    train: TrainTriplets | None = None,
    watch: Sequence[Watch] = (),
) -> Hits:
    """`first_hits` of predictions in memory: objects and relations of the images of `truth`."""
    first = _First(counting(truth, switches), task, switches)
    ranked = first.add(objects, relations)
    for watcher in watch:
        watcher(ranked)
    return Hits(_table(first, train), _counts(truth, first), objects)


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


def _table(first: _First, train: TrainTriplets | None) -> pa.Table:
    truth = first.truth
    relations, classes = truth.relations, truth.objects.class_id
    labels = label_key(
        classes[relations.subject], relations.predicate, classes[relations.object], truth.vocabulary
    )
    zero_shot = np.zeros(len(labels), bool) if train is None else ~np.isin(labels, train.keys)
    columns: dict[str, NDArray[np.generic]] = {
        "image_id": truth.images[relations.image],
        "subject_id": truth.objects.object_id[relations.subject],
        "predicate_id": relations.predicate,
        "object_id": truth.objects.object_id[relations.object],
        "zero_shot": zero_shot,
        **{name: np.where(place == _NEVER, NO_PLACE, place) for name, place in first.places.items()},
    }
    if first.switches.empty_predictions == "skip":
        columns = {name: values[first.has_prediction[relations.image]] for name, values in columns.items()}
    schema = hits_schema(first.task)
    table = pa.table(columns).select(schema.names).cast(schema)
    return table.sort_by([(name, "ascending") for name in schema.names])


def _counts(truth: GroundTruth, first: _First) -> dict[str, int]:
    once = first.truth
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
        "predictions_without_overlap": first.apart,
        "predictions_without_overlap_dropped": first.apart if first.switches.require_overlap else 0,
        "predictions_tied": first.tied,
        "predictions_repeated": first.repeated,
        "overlapping_only": not first.apart,
    }
