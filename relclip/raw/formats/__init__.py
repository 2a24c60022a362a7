"""Readers of data sets in their own formats: the module `<format>` has `read(folder, counts)`, which yields Pictures.

A new format is one file here, its name in `Format` (relclip/core/params/raw.py), and a test. A reader says what the
data set says and no more: names, boxes and splits as they stand there. What is broken in one entry is left out and
counted in words; a file that is not in the format is an InputError of one sentence. The stage `dataset` checks boxes.
"""

import importlib
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from relclip.core.atomic import real
from relclip.core.errors import InputError

Box = tuple[Any, Any, Any, Any]
Reader = Callable[[Path, Counter[str]], Iterator["Picture"]]

#: The split that the name of a file or of its folder says: train2017, val_sceneGraphs, validation-annotations-vrd.
_SPLIT = re.compile(r"(?<![a-z])(train|val|test)(?:ing|id|idation)?(?![a-z])")
MOST_FILES = 1000
#: Where a data set's archives are unpacked, a folder each.
UNPACKED = "unpacked"
#: How the name of a file ends that was packed.
PACKED = (".gz", ".bz2", ".xz", ".zst", ".zip")


@dataclass
class Picture:
    """One annotated picture.

    `name`: its number or name in the data set; `file`: its file as the data set writes it, perhaps with folders;
    `split`: train, val, test, or None where the data set says none. `objects`: name and box x, y, w, h, in pixels of
    `size` or, with `relative`, in shares of the picture's sides. `relations`: places of subject and object in
    `objects`, and between them the predicate's words. `listing`: the file that lists it.
    """

    name: str
    file: str
    size: tuple[Any, Any] = (None, None)
    split: str | None = None
    objects: list[tuple[str, Box]] = field(default_factory=list)
    relations: list[tuple[int, str, int]] = field(default_factory=list)
    relative: bool = False
    listing: Path | None = None


def reader(name: str) -> Reader:
    """The reader of the format `name`."""
    found: Reader = importlib.import_module(f"relclip.raw.formats.{name}").read
    return found


def annotation_files(folder: Path, ending: str, least: int = 1, named: str = "") -> list[Path]:
    """Files with this ending, and `named` in their names, in the folder and in the folders inside it, sorted.

    Links out of it are passed over; the folders inside it may be links to a larger disk. Raises InputError where there
    are not `least`, or far more than a data set has; with `least` also where one is packed, and would be passed over.
    """
    files, shown = _files(folder, ending, named), f"*{named}*{ending}" if named else f"*{ending}"
    unpacks = (folder / UNPACKED).is_dir()  # those of the Hub's data sets that are .zip
    packed = tuple(f"{ending}{one}" for one in PACKED if one != ".zip" or not unpacks)
    for path in files if least else ():
        if path.name.endswith(packed):
            check_unpacked(path.with_suffix(""))
    found = [path for path in files if path.name.endswith(ending)]
    if not least <= len(found) <= MOST_FILES:
        raise InputError(
            f"{folder} and the folders inside it hold {len(found)} files {shown}; give the folder of a data set, "
            f"which has from 1 to {MOST_FILES}"
        )
    return found


def _files(folder: Path, ending: str, named: str) -> list[Path]:
    """Those with `named` in their names, and `ending`, which another may follow."""
    inside = real(folder)
    places = ("", "[!.]*/", f"{UNPACKED}/*/")
    return [
        path
        for path in sorted(path for place in places for path in folder.glob(f"{place}*{ending}*"))
        if named.lower() in path.name.lower()
        and path.is_file()
        and any(real(path).is_relative_to(one) for one in (inside, real(path.parent)))
    ]


def check_unpacked(path: Path) -> None:
    """Raise InputError where a file is not there but lies there packed."""
    packed = next((f"{path}{packing}" for packing in PACKED if Path(f"{path}{packing}").is_file()), None)
    if packed and not path.is_file():
        raise InputError(
            f"{packed} is packed, and annotation is read unpacked; unpack it to {path}, or give a folder without it"
        )


def split_of(path: Path, folder: Path) -> str | None:
    """The split that a file's name says, or else its place below `folder`: train, val, test; None where none does."""
    return split_said(path.relative_to(folder).with_suffix("").parts)


def split_said(names: Sequence[str]) -> str | None:
    """The split that the last of some folders says which says one."""
    for name in reversed(names):
        found = _SPLIT.search(name.lower())
        if found:
            return found[1]
    return None


def words_of(value: object) -> str | None:
    """A name from outside, as it is, if it is text with something in it."""
    return value if isinstance(value, str) and value.strip() else None
