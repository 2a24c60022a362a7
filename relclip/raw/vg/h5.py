"""Route `h5`: the preprocessed VG-SGG file -> Visual Genome's own JSON files (docs/method.md, 1).

Rows of the h5 file are the pictures of its image_data.json in order, without the four corrupt ones. `boxes_1024` are
centre x, centre y, width, height, as if the picture's longest side were 1,024; relations name rows of boxes.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from relclip.core.atomic import write_json
from relclip.core.entries import Entry, identifier
from relclip.core.errors import InputError, one_line
from relclip.core.json_file import read_json
from relclip.core.progress import progress
from relclip.raw.convert import json_list
from relclip.raw.vg.official import pictures, unpacked_json

LONGEST_SIDE = 1024
SPLITS = {0: "train", 1: "val", 2: "test"}
#: Name -> columns; one may be a plain list. A row is a box, a relation or (`split`, `img_to_`) a picture.
TABLES = {"labels": 1, "boxes_1024": 4, "predicates": 1, "relationships": 2, "split": 1} | {
    f"img_to_{end}_{what}": 1 for end in ("first", "last") for what in ("box", "rel")
}
MOST_ROWS = 1 << 24
#: Image id -> (width, height) of the picture's file, None without one.
Sizes = Callable[[int], tuple[int, int] | None]
Arrays = dict[str, NDArray[np.int64]]


def put_annotations(places: Mapping[str, Path], unpacked: Path, output: Path, size_of: Sizes) -> None:
    """Write image_data.json (with `split`), objects.json and relationships.json as the other route does.

    Raises InputError where the file lacks a table, its tables disagree, or it does not belong to image_data.json.
    """
    h5 = places["VG-SGG-with-attri.h5"]
    objects, predicates = read_names(places["VG-SGG-dicts-with-attri.json"])
    arrays = read_arrays(h5)
    listed = pictures(unpacked_json(places, "image_data.json", unpacked))
    if len(listed) != len(arrays["split"]):
        raise InputError(
            f"{h5} has {len(arrays['split'])} pictures and image_data.json {len(listed)} without the corrupt ones; "
            "give the two files that belong together"
        )
    _check(arrays, len(objects), len(predicates), h5)
    splits = [SPLITS[flag] for flag in arrays["split"].tolist()]
    entries = [
        entry | {"split": split} | _size(entry, size_of) for entry, split in zip(listed, splits, strict=True)
    ]
    write_json(output / "image_data.json", entries)
    rows = list(enumerate(entries))
    boxes = (_objects(arrays, row, entry, objects) for row, entry in progress(rows, "h5: boxes", "picture"))
    _write(output / "objects.json", boxes)
    _write(output / "relationships.json", (_relations(arrays, row, entry, predicates) for row, entry in rows))


def read_names(path: Path) -> tuple[list[str], list[str]]:
    """Names of objects and of predicates, in the order of their ids, 1-based."""
    content = read_json(path, "give the file that belongs to the h5 file", InputError)
    names = []
    for key in ("idx_to_label", "idx_to_predicate"):
        named = content.get(key) if isinstance(content, dict) else None
        table: dict[str, Any] = named if isinstance(named, dict) else {}
        ids = [str(number) for number in range(1, len(table) + 1)]
        if not ids or not all(isinstance(table.get(number), str) for number in ids):
            raise InputError(
                f'{path}: \'{key}\' must map "1", "2", ... to names; give the dicts file of the h5 file'
            )
        names.append([table[number] for number in ids])
    return names[0], names[1]


def read_arrays(path: Path) -> Arrays:
    """The tables of whole numbers that are needed, as int64; nothing is followed into another file."""
    try:
        with h5py.File(path, "r") as file:
            return {name: _table(file, name, columns, path) for name, columns in TABLES.items()}
    except (OSError, RuntimeError, ValueError, KeyError) as error:
        raise InputError(f"{path} cannot be read ({one_line(error, 160)}); get a whole copy") from None


def _table(file: h5py.File, name: str, columns: int, path: Path) -> NDArray[np.int64]:
    if name not in file or not isinstance(file.get(name, getlink=True), h5py.HardLink):
        raise InputError(f"{path} lacks the table '{name}'; give a VG-SGG file")
    table = file[name]
    inside = isinstance(table, h5py.Dataset) and not (table.external or table.is_virtual)
    whole = inside and table.dtype.kind in "iu"
    shape = tuple(table.shape) if whole else (MOST_ROWS, 0)
    fits = shape[1:] == (columns,) or (columns == 1 and shape[1:] == ())
    if not fits or shape[0] >= MOST_ROWS:
        raise InputError(
            f"{path}: '{name}' is no table of whole numbers with {columns} columns, stored inside it"
        )
    values = np.asarray(table, dtype=np.int64)
    return values.reshape(-1) if columns == 1 else values


def _check(arrays: Arrays, objects: int, predicates: int, path: Path) -> None:
    """Raise InputError where a number points to nothing."""
    boxes, relations = len(arrays["boxes_1024"]), len(arrays["relationships"])
    limits = {
        "split": (0, 2, len(arrays["split"])),
        "labels": (1, objects, boxes),
        "predicates": (1, predicates, relations),
        "relationships": (0, boxes - 1, relations),
        **{f"img_to_{end}_box": (-1, boxes - 1, len(arrays["split"])) for end in ("first", "last")},
        **{f"img_to_{end}_rel": (-1, relations - 1, len(arrays["split"])) for end in ("first", "last")},
    }
    for name, (least, most, rows) in limits.items():
        values = arrays[name]
        if len(values) != rows or (len(values) and not (values.min() >= least and values.max() <= most)):
            raise InputError(f"{path}: '{name}' must have {rows} rows of {least} to {most}; get a whole copy")
    for what, there in (("box", boxes), ("rel", relations)):
        first, last = (arrays[f"img_to_{end}_{what}"] for end in ("first", "last"))
        if np.where(first >= 0, last - first + 1, 0).clip(0).sum() > there:
            raise InputError(
                f"{path}: its pictures share rows of img_to_first_{what} to last; get a whole copy"
            )


def _range(arrays: Arrays, what: str, row: int) -> range:
    first, last = (int(arrays[f"img_to_{end}_{what}"][row]) for end in ("first", "last"))
    return range(first, last + 1) if first >= 0 else range(0)


def _size(entry: Entry, size_of: Sizes) -> dict[str, int]:
    """The width and height of the picture's file, in whose pixels its boxes are written; nothing without one."""
    image_id = identifier(entry, "image_id", "id")
    size = size_of(image_id) if image_id is not None else None
    return dict(zip(("width", "height"), size, strict=True)) if size else {}


def _objects(arrays: Arrays, row: int, entry: Entry, names: list[str]) -> Entry:
    """One picture's entry of objects.json; an object's id is its row in the h5 file. Boxes: x, y, w, h in pixels."""
    image_id = identifier(entry, "image_id", "id")
    size = entry.get("width"), entry.get("height")
    scale = max(side for side in (*size, 1) if isinstance(side, int)) / LONGEST_SIDE
    found = _range(arrays, "box", row)
    # the centre was rounded down to a whole number, so that x is a half where the width is odd
    centres = arrays["boxes_1024"][found.start : found.stop].astype(np.float64)
    corners = np.column_stack([centres[:, :2] - centres[:, 2:] / 2, centres[:, 2:]]) * scale
    labels = arrays["labels"][found.start : found.stop].tolist()
    return {
        "image_id": image_id,
        "objects": [
            {"object_id": number, "names": [names[label - 1]], "x": x, "y": y, "w": w, "h": h}
            for number, label, (x, y, w, h) in zip(found, labels, corners.tolist(), strict=True)
        ],
    }


def _relations(arrays: Arrays, row: int, entry: Entry, names: list[str]) -> Entry:
    found = _range(arrays, "rel", row)
    ends = arrays["relationships"][found.start : found.stop].tolist()
    said = [names[number - 1] for number in arrays["predicates"][found.start : found.stop].tolist()]
    relations = [
        {"relationship_id": number, "predicate": words, "subject_id": subject, "object_id": object_}
        for number, words, (subject, object_) in zip(found, said, ends, strict=True)
    ]
    return {"image_id": identifier(entry, "image_id", "id"), "relationships": relations}


def _write(path: Path, entries: Iterator[dict[str, Any]]) -> None:
    with json_list(path) as add:
        for entry in entries:
            add(entry)
