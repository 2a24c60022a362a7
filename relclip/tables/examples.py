"""Pictures shown with their relations: samples of the test split, and what a run says of a few (figure 5)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from relclip.core import parquet
from relclip.core.annotations import Annotations, Ids
from relclip.core.errors import ContractError
from relclip.core.seeds import stream
from relclip.tables.sources import DataSet, columns_of

SCENES = 8
Box = tuple[float, float, float, float]
Triplet = tuple[int, int, int]
PICTURES = 4
#: The surest triplets that are looked at, one an ordered pair of things.
TOP = 10
#: Pictures with fewer annotated relations say little, those with more cannot be read.
ANNOTATED = (3, 5)

#: In the order of the list: correct and reasonable ones by rank, then what was missed.
CORRECT, REASONABLE, WRONG, MISSED = "correct", "reasonable", "wrong", "missed"


@dataclass(frozen=True)
class Relation:
    """One relation: names, and both boxes (xyxy, pixels of the original picture)."""

    subject: str
    predicate: str
    object: str
    subject_box: Box
    object_box: Box


@dataclass(frozen=True)
class Scene:
    """One picture, its annotated relations, and how many relations are true in it (None where unknown)."""

    image_id: int
    file: str
    relations: tuple[Relation, ...]
    true_relations: int | None


def choose_scenes(data: DataSet, seed: int) -> list[Scene]:
    """Draw test pictures with at least one annotated relation, the same ones for the same seed."""
    images, _ = _related_test_images(data.annotation)
    chosen = stream(seed, "tables", "scenes").permutation(images)[:SCENES]
    return [_scene(data, int(image)) for image in sorted(chosen.tolist())]


def _scene(data: DataSet, image: int) -> Scene:
    relations = tuple(map(in_words(data.annotation, image), triplets_of(data.annotation, image)))
    true = None if data.truth is None else len(triplets_of(data.truth, image))
    return Scene(image, file_of(data.annotation, image), relations, true)


def _related_test_images(data: Annotations) -> tuple[Ids, Ids]:
    """The test images with relations, ascending ids, and how many each has."""
    of_test = data.relation_image[data.split[data.relation_image] == "test"]
    images, counts = np.unique(of_test, return_counts=True)
    return data.image_id[images], counts


def file_of(data: Annotations, picture: int) -> str:
    """The file of a picture."""
    return data.file[int(np.searchsorted(data.image_id, picture))]


def triplets_of(data: Annotations, picture: int) -> list[Triplet]:
    """(subject, predicate, object) of every relation of one picture, in the order of the file."""
    here = data.image_id[data.relation_image] == picture
    columns = data.object_id[data.subject[here]], data.predicate[here], data.object_id[data.object[here]]
    return list(zip(*(column.tolist() for column in columns), strict=True))


def in_words(data: Annotations, picture: int) -> Callable[[Triplet], Relation]:
    """What turns a triplet of one picture into names and boxes; KeyError for a thing that the picture lacks."""
    here = data.rows(int(np.searchsorted(data.image_id, picture)))
    rows = zip(
        *(column[here].tolist() for column in (data.object_id, data.class_id, data.boxes)), strict=True
    )
    things: dict[int, tuple[str, Box]] = {
        number: (data.vocabulary.objects[kind - 1], tuple(box)) for number, kind, box in rows
    }

    def relation(triplet: Triplet) -> Relation:
        (subject, subject_box), (thing, thing_box) = things[triplet[0]], things[triplet[2]]
        predicate = data.vocabulary.predicates[triplet[1] - 1]
        return Relation(subject, predicate, thing, subject_box, thing_box)

    return relation


@dataclass(frozen=True)
class Said:
    """One triplet: what it is worth, its rank from 1 (None: not the pair's first relation), names and boxes.

    `instead`: the relation that the run puts first for the pair of a missed one; empty where it says nothing of it.
    """

    verdict: str
    rank: int | None
    relation: Relation
    instead: str = ""


@dataclass(frozen=True)
class Example:
    """One test picture as one run sees it."""

    image_id: int
    file: str
    run: str
    said: tuple[Said, ...]


def choose_pictures(data: Annotations, seed: int) -> list[int]:
    """Draw test pictures with three to five annotated relations by lot, whatever was predicted for them."""
    images, counts = _related_test_images(data)
    few = images[(counts >= ANNOTATED[0]) & (counts <= ANNOTATED[1])]
    chosen = stream(seed, "tables", "examples").permutation(few)[:PICTURES]
    return sorted(chosen.tolist())


def read_examples(data: DataSet, predict: Path, run: str, pictures: Sequence[int]) -> list[Example]:
    """Read what `run` says of the pictures (PredCls); none where it was not predicted.

    Raises ContractError where the predictions are about other things than the data set's.
    """
    path = predict / run / "predcls" / "relations.parquet"
    if not path.is_file():
        return []
    here = pc.field("image_id").isin(list(pictures))
    table = parquet.read_table(path, parquet.PREDICTED_RELATIONS, filters=here)
    columns = columns_of(table)
    try:
        return [_example(data, columns, run, picture) for picture in pictures]
    except (KeyError, IndexError) as error:
        raise ContractError(
            f"{path} names a thing or relation that the data set lacks ({error}); run predict again"
        ) from None


def _example(data: DataSet, columns: Mapping[str, NDArray[Any]], run: str, picture: int) -> Example:
    ranked = ranking({name: values[columns["image_id"] == picture] for name, values in columns.items()})
    annotated = triplets_of(data.annotation, picture)
    true = None if data.truth is None else set(triplets_of(data.truth, picture))
    relation = in_words(data.annotation, picture)
    said = [
        Said(verdict(one, set(annotated), true), rank, relation(one))
        for rank, one in enumerate(ranked[:TOP], 1)
    ]
    rank_of = {one: rank for rank, one in enumerate(ranked, 1)}
    first = {(subject, thing): predicate for subject, predicate, thing in ranked}
    for one in dict.fromkeys(annotated):
        if one not in ranked[:TOP]:
            predicate = first.get((one[0], one[2]))
            instead = data.vocabulary.predicates[predicate - 1] if predicate else ""
            said.append(Said(MISSED, rank_of.get(one), relation(one), instead))
    return Example(picture, file_of(data.annotation, picture), run, tuple(said))


def ranking(columns: Mapping[str, NDArray[Any]]) -> list[Triplet]:
    """Rank one picture's triplets (subject, predicate, object): the best predicate of each ordered pair, by score.

    Ties: the smaller ids first.
    """
    names = ("object_id", "subject_id", "predicate_id")
    order = np.lexsort([*(columns[name] for name in names), -columns["score"]])
    rows = zip(
        *(columns[name][order].tolist() for name in ("subject_id", "predicate_id", "object_id")), strict=True
    )
    best: dict[tuple[int, int], Triplet] = {}
    for subject, predicate, thing in rows:
        best.setdefault((subject, thing), (subject, predicate, thing))
    return list(best.values())


def verdict(one: Triplet, annotated: set[Triplet], true: set[Triplet] | None) -> str:
    """What a predicted triplet is worth; where the truth is not known, what nobody wrote down counts as reasonable."""
    if one in annotated:
        return CORRECT
    return REASONABLE if true is None or one in true else WRONG
