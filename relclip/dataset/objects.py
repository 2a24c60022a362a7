"""Objects: class aligned to the vocabulary, box clipped to the picture (xyxy, pixels)."""

import math
from array import array
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa

from relclip.core.entries import Entry, as_list, identifier, names_of, whole
from relclip.core.errors import InputError
from relclip.core.parquet import OBJECTS
from relclip.dataset.account import Account
from relclip.dataset.frames import Box, Frame
from relclip.dataset.names import ObjectNames
from relclip.dataset.pictures import Picture, things_by_picture

BEYOND = "boxes that reach beyond their picture by more than a pixel (clipped)"
#: Boxes tell how they are laid out where there are more than so many; Visual Genome has some beyond their pictures.
FEW, MOST_BEYOND = 10, 0.5


class ObjectTable:
    """Collects the kept objects of all images, column by column."""

    def __init__(self, names: ObjectNames, account: Account) -> None:
        self._names, self._account = names, account
        self._image_id, self._object_id, self._class_id = array("q"), array("i"), array("i")
        self._boxes = array("f")
        self._layout: Counter[str] = Counter()

    def read(self, path: Path, pictures: dict[int, Picture]) -> None:
        """Add the objects of objects.json; those of images not in `pictures` are passed over.

        Raises InputError where their boxes are laid out in another way.
        """
        for picture, things in things_by_picture(path, "objects", pictures, self._account):
            for thing in things:
                self.add(picture, thing)
        placed, shares, beyond = (self._layout[what] for what in ("placed", "shares", "beyond"))
        self._account.noted[BEYOND] += beyond
        if placed > FEW and shares == placed:
            raise InputError(
                f"all {placed} boxes of {path} lie within the first pixel, as shares of a picture's sides do; write x, "
                "y, width and height in pixels"
            )
        if placed > FEW and beyond > MOST_BEYOND * placed:
            raise InputError(
                f"{beyond} of {placed} boxes of {path} reach beyond their picture, as corners (x1, y1, x2, y2) do where"
                " x, y, width, height are read; write these, in pixels"
            )

    def add(self, picture: Picture, thing: Entry) -> int | None:
        """Keep an object and return its id in the image, or count why not and return None."""
        self._account.read["objects"] += 1
        raw_id = identifier(thing, "object_id", "id")
        if raw_id is None or raw_id in picture.objects:
            reason = "without a whole object_id" if raw_id is None else "object_id again in its image"
            self._account.drop("objects", reason)
            return None
        for merged in map(whole, as_list(thing.get("merged_object_ids"))):
            if merged is not None:
                picture.merged.setdefault(merged, raw_id)
        kept = self._keep(picture, thing)
        if isinstance(kept, str):
            self._account.drop("objects", kept)
        picture.objects[raw_id] = kept if isinstance(kept, int) else None
        return picture.objects[raw_id]

    def add_from_relation(self, picture: Picture, thing: Entry) -> int | None:
        """Keep an object that stands only in relationships.json as if objects.json had it; noted."""
        self._account.noted["objects that only relationships.json holds"] += 1
        return self.add(picture, thing)

    def table(self) -> pa.Table:
        """All kept objects as the contract's table."""
        self._account.kept["objects"] = len(self._image_id)
        boxes = np.asarray(self._boxes, np.float32).reshape(-1, 4)
        columns = [*map(np.asarray, (self._image_id, self._object_id, self._class_id)), *boxes.T]
        return pa.table([pa.array(column) for column in columns], OBJECTS.names)

    def _keep(self, picture: Picture, thing: Entry) -> int | str:
        """Return the object's id in its image, or why it is dropped."""
        class_id = self._class(thing)
        if isinstance(class_id, str):
            return class_id
        placed = placed_box(thing, picture.frame)
        if isinstance(placed, str):
            return placed
        box = clipped_box(placed, picture.width, picture.height)
        self._layout["placed"] += 1
        self._layout["shares"] += thing["x"] + thing["w"] <= 1 and thing["y"] + thing["h"] <= 1
        if isinstance(box, str):
            self._layout["beyond"] += 1
            return box
        self._layout["beyond"] += max(abs(a - b) for a, b in zip(placed, box, strict=True)) > 1
        self._image_id.append(picture.image_id)
        self._object_id.append(picture.kept)
        self._class_id.append(class_id)
        self._boxes.extend(box)
        picture.kept += 1
        return picture.kept - 1

    def _class(self, thing: Entry) -> int | str:
        """Return the class of the first name that has one, or why there is none."""
        names = names_of(thing)
        if not names:
            return "without a name"
        class_id = next((found for name in names if (found := self._names.find(name))), None)
        if class_id is None:
            self._account.leave_outside("names", names[0])
            return "name outside the vocabulary"
        return class_id


def placed_box(thing: Entry, frame: Frame | None = None) -> Box | str:
    """The object's box (x, y, w, h as annotated) as xyxy pixels of the file, wherever they lie, or why it has none."""
    values = [thing.get(key) for key in "xywh"]
    if not all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        return "box not of four numbers"
    try:
        x, y, w, h = map(float, values)  # type: ignore[arg-type]
    except OverflowError:
        return "box not finite"
    if not all(map(math.isfinite, (x, y, w, h))):
        return "box not finite"
    if w <= 0 or h <= 0:
        return "box without area"
    box = (x, y, x + w, y + h)
    return frame.place(box) if frame else box


def clipped_box(box: Box, width: int, height: int) -> Box | str:
    """The part of a box inside the picture, or that there is none."""
    limits = zip(box, (width, height) * 2, strict=True)
    x1, y1, x2, y2 = np.array([min(max(value, 0), limit) for value, limit in limits], np.float32).tolist()
    return (x1, y1, x2, y2) if x2 > x1 and y2 > y1 else "box outside the picture"
