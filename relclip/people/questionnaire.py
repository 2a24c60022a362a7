"""What people are asked for table 2: the top triplets of each run on the chosen images, in words and boxes.

A question is of a picture, not of a model: what was answered stays valid for every later model that predicts the same
triplet, and for no other data set.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa

from relclip.core.annotations import Annotations, Ids
from relclip.core.command import DATA
from relclip.core.errors import ContractError
from relclip.core.params.evaluate import Evaluate
from relclip.core.parquet import ASKED, read_table
from relclip.core.precision_at import choose_images


@dataclass(frozen=True)
class Question:
    """One triplet of a picture. `key` tells it from any other; boxes are xyxy pixels."""

    key: str
    image_id: int
    subject_id: int
    predicate_id: int
    object_id: int
    words: tuple[str, str, str]
    boxes: tuple[tuple[float, ...], tuple[float, ...]]


#: (image_id, rank) -> what is asked there.
Questions = Mapping[tuple[int, int], Question]


@dataclass(frozen=True)
class Questionnaire:
    """Run -> its questions by (image_id, rank); `images`: the chosen ones, sorted ids."""

    images: Ids
    runs: Mapping[str, Questions]

    @cached_property
    def questions(self) -> dict[str, Question]:
        """Each question once, whichever runs ask it, in the order of their pictures."""
        every = {one.key: one for questions in self.runs.values() for one in questions.values()}
        return dict(sorted(every.items(), key=lambda item: (item[1].image_id, item[0])))


def asked_file(evaluate: Path, run: str) -> Path:
    """Where `evaluate` writes what is asked about a run."""
    return evaluate / run / "predcls" / "asked.parquet"


def load_questionnaire(
    data: Annotations, evaluate: Path, runs: Sequence[str], switches: Evaluate
) -> Questionnaire:
    """Read what is asked about each run: evaluate/<run>/predcls/asked.parquet, of the images that `switches` choose.

    Raises ContractError where a run was not evaluated, or evaluated on other images or objects than the data set's.
    """
    related = np.unique(data.relation_image)
    annotated = data.image_id[related[data.split[related] == switches.split]]
    images = choose_images(annotated, switches.precision_images, switches.seed)
    of_run = {}
    for run in runs:
        path = asked_file(evaluate, run)
        if not path.is_file():
            made = asked_file(DATA / "evaluate", run)
            raise ContractError(
                f"{path} does not exist: '{run}' was not predicted and evaluated; run: snakemake --cores all {made}"
            )
        of_run[run] = _questions(read_table(path, ASKED), data, images, path)
    return Questionnaire(images, of_run)


def _questions(
    table: pa.Table, data: Annotations, images: Ids, path: Path
) -> dict[tuple[int, int], Question]:
    found = {}
    chosen = set(images.tolist())
    for image_id, rank, *triplet in zip(*(table[name].to_pylist() for name in ASKED.names), strict=True):
        if image_id not in chosen:
            raise ContractError(
                f"{path} asks about image {image_id}, which params.yaml does not choose; evaluate that run again"
            )
        found[image_id, rank] = _question(data, image_id, triplet, path)
    return found


def _question(data: Annotations, image_id: int, triplet: Sequence[int], path: Path) -> Question:
    """`triplet`: subject_id, predicate_id, object_id."""
    image = int(np.searchsorted(data.image_id, image_id))
    rows = [_row(data, image, object_id, path) for object_id in (triplet[0], triplet[2])]
    if not 1 <= triplet[1] <= len(data.vocabulary.predicates):
        raise ContractError(f"{path} has the predicate {triplet[1]}, which vocabulary.json lacks")
    subject, other = (data.vocabulary.objects[int(data.class_id[row]) - 1] for row in rows)
    words = (subject, data.vocabulary.predicates[triplet[1] - 1], other)
    box, other_box = (tuple(map(float, data.boxes[row])) for row in rows)
    key = _key(image_id, data.file[image], words, box, other_box)
    return Question(
        key=key,
        image_id=image_id,
        subject_id=triplet[0],
        predicate_id=triplet[1],
        object_id=triplet[2],
        words=words,
        boxes=(box, other_box),
    )


def _row(data: Annotations, image: int, object_id: int, path: Path) -> int:
    """The row of objects that an id of a picture names."""
    ids = data.object_id[data.rows(image)].tolist()
    if object_id not in ids:
        raise ContractError(
            f"{path} names the object {object_id} of image {data.image_id[image]}, which the data set lacks; "
            "people judge predictions on its own boxes (PredCls)"
        )
    return int(data.first[image]) + ids.index(object_id)


def _key(*what: object) -> str:
    return hashlib.sha256(json.dumps(what).encode()).hexdigest()[:32]
