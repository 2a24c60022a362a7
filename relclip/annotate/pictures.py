"""The pictures that people are asked about: in which order one person sees them, how far that is, and as JPEG.

They are decoded and encoded anew, so that stored pixels and boxes agree and no foreign bytes leave.
"""

import hashlib
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from pathlib import Path, PurePosixPath
from statistics import median

import numpy as np
from PIL import Image

from relclip.core.errors import InputError, counted, no_file
from relclip.core.images import read_image
from relclip.core.parquet import IMAGES, read_table
from relclip.core.seeds import stream
from relclip.people.questionnaire import Question, Questionnaire

#: What everybody is asked first, in whole pictures: agreement needs questions that several answered. Also the pilot.
CORE = 100
#: How long a statement takes, until a person's own pace is known; a guess.
SECONDS_EACH = 5
#: The estimate looks at so many answers; a longer pause than this is a break.
ANSWERS_LOOKED_AT, BREAK_SECONDS = 30, 60.0
#: The longer side of what is sent; boxes scale with it.
LARGEST_SIDE = 2048
QUALITY = 92


@dataclass(frozen=True)
class Picture:
    """A picture of the data set: where it lies, its size in pixels."""

    path: Path
    width: int
    height: int


def read_pictures(dataset: Path, raw: Path, questionnaire: Questionnaire) -> dict[int, Picture]:
    """Image id -> picture of those that are asked about, by images.parquet.

    Raises InputError where a name leads out of `raw`, or no file is there.
    """
    shown = {one.image_id for one in questionnaire.questions.values()}
    table = read_table(dataset / "images.parquet", IMAGES)
    columns = (table[name].to_pylist() for name in ("image_id", "file", "width", "height"))
    found = {
        image_id: Picture(_inside(raw, file), width, height)
        for image_id, file, width, height in zip(*columns, strict=True)
        if image_id in shown
    }
    lost = [one.path for one in found.values() if not one.path.is_file()]
    if lost:
        raise InputError(
            f"{lost[0]} {no_file(lost[0])} ({len(lost)} of {counted(len(found), 'picture')}); "
            "give what the stage raw made"
        )
    return found


def _inside(raw: Path, file: str) -> Path:
    name = PurePosixPath(file)
    if name.is_absolute() or ".." in name.parts:
        raise InputError(
            f"images.parquet has the file '{file}', which leads out of {raw}; make the dataset again"
        )
    return raw / name


def as_jpeg(path: Path) -> bytes:
    """A picture as JPEG without metadata: RGB, orientation as stored. Raises InputError as `read_image` does."""
    picture = Image.fromarray(read_image(path))
    picture.thumbnail((LARGEST_SIDE, LARGEST_SIDE))
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=QUALITY, subsampling=0)
    return out.getvalue()


@dataclass(frozen=True)
class Order:
    """One person's questions: pictures shuffled, all of a picture together, shuffled too; see `order_of`."""

    questions: tuple[Question, ...]

    @cached_property
    def place(self) -> dict[str, int]:
        """Question -> where it stands, from 0."""
        return {one.key: place for place, one in enumerate(self.questions)}

    @cached_property
    def pictures(self) -> tuple[int, ...]:
        """The pictures in their order (image ids)."""
        return tuple(dict.fromkeys(one.image_id for one in self.questions))

    def next_open(self, answered: set[str], start: int = 0) -> int | None:
        """The first place from `start` on, then from the beginning, that is not answered; None where all are."""
        places = [*range(start, len(self.questions)), *range(start)]
        return next((place for place in places if self.questions[place].key not in answered), None)


def first_pictures(questionnaire: Questionnaire, seed: int, statements: int) -> Questionnaire:
    """The first pictures of an order that all people share, until they hold so many statements.

    The order does not depend on which pictures there are: what was a pilot is asked first later on too.
    """
    by_picture, chosen, count = _by_picture(questionnaire), [], 0
    for image_id in sorted(by_picture, key=lambda one: hashlib.sha256(f"{seed} {one}".encode()).digest()):
        if count >= statements:
            break
        chosen.append(image_id)
        count += len(by_picture[image_id])
    runs = {
        run: {(image, rank): one for (image, rank), one in questions.items() if image in set(chosen)}
        for run, questions in questionnaire.runs.items()
    }
    return replace(questionnaire, images=np.sort(np.array(chosen, np.int64)), runs=runs)


def order_of(questionnaire: Questionnaire, seed: int, annotator: str) -> Order:
    """The same order for the same person, whenever asked: the pictures that all share first, then the others."""
    random = stream(seed, "annotate", annotator)
    by_picture = _by_picture(questionnaire)
    core = set(first_pictures(questionnaire, seed, CORE).images.tolist())
    pictures = sorted(by_picture)
    shuffled = [pictures[place] for place in random.permutation(len(pictures))]
    shuffled.sort(key=lambda image_id: image_id not in core)
    questions = (by_picture[image_id] for image_id in shuffled)
    return Order(tuple(ones[place] for ones in questions for place in random.permutation(len(ones))))


def _by_picture(questionnaire: Questionnaire) -> Mapping[int, list[Question]]:
    found: dict[int, list[Question]] = {}
    for one in questionnaire.questions.values():
        found.setdefault(one.image_id, []).append(one)
    return found


def hours(questions: int) -> str:
    """How long so many statements take a person, roughly."""
    minutes = math.ceil(questions * SECONDS_EACH / 60)
    return counted(minutes, "minute") if minutes < 90 else f"{minutes / 60:.0f} hours"


def seconds_left(times: Sequence[float], questions: int) -> float | None:
    """How long `questions` more will take at the pace of the last answers (`times`, latest first); None: too few."""
    gaps = [late - early for late, early in pairwise(times)]
    worked = [gap for gap in gaps if 0 <= gap <= BREAK_SECONDS]
    return median(worked) * questions if len(worked) >= 3 else None
