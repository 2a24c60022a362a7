"""Pictures shown with their relations: samples of the test split, and what a run says of a few (figure 5)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from relclip.core import parquet
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
    test = data.images["image_id"][data.images["split"] == "test"]
    images = np.sort(np.intersect1d(test, data.relations["image_id"]))
    chosen = stream(seed, "tables", "scenes").permutation(images)[:SCENES]
    return [_scene(data, int(image)) for image in sorted(chosen.tolist())]


def _scene(data: DataSet, image: int) -> Scene:
    relations = tuple(map(in_words(data, image), triplets_of(data.relations, image)))
    true = None if data.truth is None else int((data.truth["image_id"] == image).sum())
    return Scene(image, file_of(data, image), relations, true)


def file_of(data: DataSet, picture: int) -> str:
    """The file of a picture."""
    return str(data.images["file"][data.images["image_id"] == picture][0])


def triplets_of(relations: Mapping[str, NDArray[Any]], picture: int) -> list[Triplet]:
    """(subject, predicate, object) of every relation of one picture, in the order of the file."""
    here = relations["image_id"] == picture
    names = ("subject_id", "predicate_id", "object_id")
    return list(zip(*(relations[name][here].tolist() for name in names), strict=True))


def in_words(data: DataSet, picture: int) -> Callable[[Triplet], Relation]:
    """What turns a triplet of one picture into names and boxes; KeyError for a thing that the picture lacks."""
    here = data.objects["image_id"] == picture
    names = ("object_id", "class_id", "x1", "y1", "x2", "y2")
    rows = zip(*(data.objects[name][here].tolist() for name in names), strict=True)
    things: dict[int, tuple[str, Box]] = {
        number: (data.vocabulary.objects[kind - 1], (x1, y1, x2, y2)) for number, kind, x1, y1, x2, y2 in rows
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


def choose_pictures(data: DataSet, seed: int) -> list[int]:
    """Draw test pictures with three to five annotated relations by lot, whatever was predicted for them."""
    test = data.images["image_id"][data.images["split"] == "test"]
    images, counts = np.unique(data.relations["image_id"], return_counts=True)
    few = images[(counts >= ANNOTATED[0]) & (counts <= ANNOTATED[1])]
    chosen = stream(seed, "tables", "examples").permutation(np.intersect1d(test, few))[:PICTURES]
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
    annotated = triplets_of(data.relations, picture)
    true = None if data.truth is None else set(triplets_of(data.truth, picture))
    relation = in_words(data, picture)
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
    return Example(picture, file_of(data, picture), run, tuple(said))


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
