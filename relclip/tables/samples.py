"""Sample pictures of the test split: which, and what is annotated in them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from relclip.core.seeds import stream
from relclip.tables.sources import DataSet

PICTURES = 8
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Relation:
    """One annotated relation: names, and both boxes (xyxy, pixels of the original picture)."""

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


def choose_scenes(data: DataSet, seed: int, number: int = PICTURES) -> list[Scene]:
    """Draw test pictures with at least one annotated relation, the same ones for the same seed."""
    test = data.images["image_id"][data.images["split"] == "test"]
    images = np.sort(np.intersect1d(test, data.relations["image_id"]))
    chosen = stream(seed, "tables", "scenes").permutation(images)[:number]
    return [_scene(data, int(image)) for image in sorted(chosen.tolist())]


def _scene(data: DataSet, image: int) -> Scene:
    file = str(data.images["file"][data.images["image_id"] == image][0])
    here, mine = data.objects["image_id"] == image, data.relations["image_id"] == image
    fields = ("object_id", "class_id", "x1", "y1", "x2", "y2")
    things = {
        row[0]: row[1:] for row in zip(*(data.objects[name][here].tolist() for name in fields), strict=True)
    }
    ids = ("subject_id", "predicate_id", "object_id")
    rows = zip(*(data.relations[name][mine].tolist() for name in ids), strict=True)
    relations = tuple(_relation(data, things[s], predicate, things[o]) for s, predicate, o in rows)
    true = None if data.truth is None else int((data.truth["image_id"] == image).sum())
    return Scene(image, file, relations, true)


def _relation(data: DataSet, subject: Sequence[float], predicate: int, thing: Sequence[float]) -> Relation:
    names = [data.vocabulary.objects[int(one[0]) - 1] for one in (subject, thing)]
    boxes: list[Box] = [(one[1], one[2], one[3], one[4]) for one in (subject, thing)]
    return Relation(names[0], data.vocabulary.predicates[predicate - 1], names[1], *boxes)
