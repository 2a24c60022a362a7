"""Boxes of the user's own: JSON {photo: [{x1, y1, x2, y2, label?}]}, or Parquet with a row for each box."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from unicodedata import normalize

import numpy as np
import pyarrow.parquet as pq
from pydantic import FiniteFloat, TypeAdapter, ValidationError

from relclip.core.annotations import Ids
from relclip.core.boxes import Boxes
from relclip.core.errors import InputError, first_fault, nearest, no_file
from relclip.core.forms import tidy
from relclip.core.json_file import read_json
from relclip.core.params.base import Closed
from relclip.core.params.detector import MOST_BOXES
from relclip.core.parquet import readable
from relclip.core.vocabulary import Vocabulary

#: Rows of a table, which are checked one by one.
MOST_ROWS = 1 << 20
SIDES = ("x1", "y1", "x2", "y2")
_FORM = 'expected {"photo.jpg": [{"x1": 1, "y1": 2, "x2": 30, "y2": 40, "label": "man"}]}, pixels, labels optional'
_COLUMNS = f"expected the columns photo, {', '.join(SIDES)} and, optional, label"


class Box(Closed):
    """One box, pixels of the picture as it is shown; the label is a class of the vocabulary."""

    x1: FiniteFloat
    y1: FiniteFloat
    x2: FiniteFloat
    y2: FiniteFloat
    label: str | None = None


_BOXES = TypeAdapter(dict[str, list[Box]])


@dataclass(frozen=True)
class UserBoxes:
    """Boxes (N, 4) xyxy pixels inside one picture; classes (N,) 1-based, or None: the model names them."""

    boxes: Boxes
    classes: Ids | None


def read_boxes(path: Path, photos: Sequence[Path]) -> dict[Path, list[Box]]:
    """Read the file for these photos; a photo that it does not name has no entry.

    A key is a photo's path as it was given, its whole one, or its end (the file name). Raises InputError where the
    file is broken, a key fits two photos, or none fits any.
    """
    content = _parquet(path) if path.suffix == ".parquet" else read_json(path, _FORM, InputError)
    try:
        named = _BOXES.validate_python(content)
    except ValidationError as error:
        raise InputError(f"{path}: {first_fault(error, ': ')}; {_FORM}") from None
    found: dict[Path, list[Box]] = {}
    places = {photo: _composed(str(photo.absolute())).parts for photo in photos}
    for key, boxes in named.items():
        for photo in _fitting(path, key, places):
            found[photo] = boxes
    if not found:
        raise InputError(f"{path} names none of the photos; its first is '{next(iter(named), '')}'; {_FORM}")
    return found


def checked_boxes(
    boxes: Sequence[Box], size: tuple[int, int], vocabulary: Vocabulary, photo: str
) -> UserBoxes:
    """Check the boxes against the picture (width, height): they are cut to it.

    Raises InputError where there are more than MOST_BOXES, a box lies outside or is empty, all are shares of the sides,
    a label is unknown, or only some boxes have one.
    """
    if len(boxes) > MOST_BOXES:
        raise InputError(
            f"{photo}: {len(boxes):,} boxes are given; at most {MOST_BOXES} of a photo can be related"
        )
    sides = np.array([[getattr(box, side) for side in SIDES] for box in boxes], np.float64).reshape(-1, 4)
    inside = np.clip(sides, 0, [*size, *size]).astype(np.float32)
    empty = ~(inside[:, 2:] > inside[:, :2]).all(axis=1)
    if empty.any():
        met = [float(side) for side in sides[empty][0]]
        raise InputError(
            f"{photo}: the box {met} covers nothing of the picture's {size[0]} x {size[1]} pixels; boxes are "
            "x1 < x2, y1 < y2, origin top left"
        )
    if len(sides) and max(size) > 1 and sides.max() <= 1:
        raise InputError(
            f"{photo}: all its boxes lie within the first of {size[0]} x {size[1]} pixels, as shares of the sides do; "
            "multiply x by the width and y by the height"
        )
    labels = [box.label for box in boxes]
    if all(label is None for label in labels):
        return UserBoxes(inside, None)
    if None in labels:
        raise InputError(
            f"{photo}: some boxes have a label and some none; give labels to all of them or to none"
        )
    return UserBoxes(inside, np.array([_class(str(label), vocabulary, photo) for label in labels], np.int64))


def _fitting(path: Path, key: str, places: Mapping[Path, tuple[str, ...]]) -> list[Path]:
    """The photos that a key of the file means; `places`: photo -> the steps of its whole path."""
    same = [photo for photo in places if str(photo) == key]
    parts = _composed(key).parts
    ends = same or [photo for photo, steps in places.items() if parts and steps[-len(parts) :] == parts]
    if len(ends) > 1:
        raise InputError(f"{path}: '{key}' fits {ends[0]} and {ends[1]}; put the folder before the name")
    return ends


def _composed(path: str) -> PurePath:
    """The path with one letter for an u and its dots, which a Mac may write as two."""
    return PurePath(normalize("NFC", path))


def as_known(name: str, known: Collection[str]) -> str:
    """The name that a user means, as it stands among the `known`, however it is written; else as it is."""
    if name in known:
        return name
    return ({tidy(one): one for one in known} | {one: one for one in known}).get(tidy(name), name)


def _class(label: str, vocabulary: Vocabulary, photo: str) -> int:
    known = vocabulary.object_ids
    number = known.get(as_known(label, known))
    if number is None:
        raise InputError(
            f"{photo}: the label '{label}' is no class of the model{nearest(tidy(label), known)}; its {len(known)} "
            "classes stand in its vocabulary.json; leave all labels out to let the model name the boxes"
        )
    return number


def _parquet(path: Path) -> dict[str, list[dict[str, object]]]:
    if not path.is_file():
        raise InputError(f"{path} {no_file(path)}; {_COLUMNS}")
    with readable(path, _COLUMNS, InputError):
        rows = pq.read_metadata(path).num_rows
        if rows > MOST_ROWS:
            raise InputError(f"{path} has {rows:,} rows; at most {MOST_ROWS:,} boxes are read at once")
        table = pq.read_table(path, partitioning=None)
    missing = [name for name in ("photo", *SIDES) if name not in table.column_names]
    if missing:
        raise InputError(f"{path} lacks the column '{missing[0]}'; {_COLUMNS}")
    names = [*SIDES, *(["label"] if "label" in table.column_names else [])]
    found: dict[str, list[dict[str, object]]] = {}
    for row in table.select(["photo", *names]).to_pylist():
        found.setdefault(str(row["photo"]), []).append({name: row[name] for name in names})
    return found
