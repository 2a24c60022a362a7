"""Read the phrases CLIP is pre-trained on: Visual Genome's region_descriptions.json, with hints where given."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from relclip.core.boxes import Boxes
from relclip.core.errors import InputError
from relclip.core.json_file import read_json

Codes = NDArray[np.int64]


@dataclass(frozen=True)
class Regions:
    """Regions in the order of (image, region_id). Codes index `names`; -1 where a region lacks that hint."""

    files: tuple[str, ...]
    names: tuple[str, ...]
    phrases: tuple[str, ...]
    image: Codes  # (R,) index of files
    boxes: Boxes  # (R, 4) xyxy pixels
    subject: Codes  # (R,)
    predicate: Codes  # (R,)
    object: Codes  # (R,)
    dropped: Mapping[str, int]

    def __len__(self) -> int:
        return len(self.phrases)

    def hints(self, region: int) -> dict[str, str]:
        """The hints a region has, by field name: "subject", and of a relation "predicate" and "object" too."""
        fields = {"subject": self.subject, "predicate": self.predicate, "object": self.object}
        return {field: self.names[codes[region]] for field, codes in fields.items() if codes[region] >= 0}


def read_regions(folder: Path) -> Regions:
    """Read `folder`/region_descriptions.json; regions without words or area are dropped and counted.

    Raises InputError where the file is missing, is no JSON, is not of Visual Genome's form, or has no usable region.
    """
    path = folder / "region_descriptions.json"
    dropped: Counter[str] = Counter()
    rows = [row for entry in _entries(path) for row in _rows(entry, path, dropped)]
    if not rows:
        raise InputError(
            f"{path} has no region with words and a box; run the raw stage again, or set clip.source to open_clip"
        )
    rows.sort(key=lambda row: (row["image"], row["region"]))
    images = sorted({row["image"] for row in rows})
    places = {image: number for number, image in enumerate(images)}
    names = sorted({row[hint] for row in rows for hint in ("subject", "predicate", "object") if row[hint]})
    codes = {name: number for number, name in enumerate(names)} | {"": -1}
    return Regions(
        files=tuple(f"images/{image}.jpg" for image in images),
        names=tuple(names),
        phrases=tuple(row["phrase"] for row in rows),
        image=np.array([places[row["image"]] for row in rows]),
        boxes=np.array([row["box"] for row in rows]),
        dropped=dict(dropped),
        **{hint: np.array([codes[row[hint]] for row in rows]) for hint in ("subject", "predicate", "object")},
    )


def _entries(path: Path) -> list[Any]:
    entries = read_json(
        path, "run the raw stage with source scenes, or set clip.source to open_clip", InputError
    )
    if not isinstance(entries, list):
        raise InputError(
            f'{path} must be a list of {{"id", "regions"}}, met {type(entries).__name__}; run the raw stage again'
        )
    return entries


def _rows(entry: Any, path: Path, dropped: Counter[str]) -> list[dict[str, Any]]:
    try:
        image, regions = int(entry["id"]), list(entry["regions"])
    except (TypeError, KeyError, ValueError, OverflowError):
        raise InputError(
            f'{path}: an entry lacks a whole-number "id" or its list "regions"; run the raw stage again'
        ) from None
    rows = []
    for region in regions:
        row, reason = _row(image, region)
        rows += [row] if row else []
        dropped.update([reason] if reason else [])
    return rows


def _row(image: int, region: Any) -> tuple[dict[str, Any] | None, str]:
    try:
        x, y, width, height = (float(region[key]) for key in ("x", "y", "width", "height"))
        with np.errstate(over="ignore"):
            box = np.array([x, y, x + width, y + height], np.float32)
        phrase = " ".join(str(region["phrase"]).lower().split())
        number = int(region["region_id"])
        hints = {
            hint: " ".join(str(region.get(hint) or "").lower().split())
            for hint in ("subject", "predicate", "object")
        }
    except (TypeError, KeyError, ValueError, AttributeError, OverflowError):
        return None, "malformed"
    if not phrase:
        return None, "no words"
    if not (np.isfinite(box).all() and width > 0 and height > 0):
        return None, "no area"
    if (hints["predicate"] or hints["object"]) and not all(hints.values()):
        hints = dict.fromkeys(hints, "")
    return {
        "image": image,
        "region": number,
        "phrase": phrase,
        "box": box,
        **hints,
    }, ""
