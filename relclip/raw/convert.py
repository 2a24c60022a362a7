"""Pictures of any format -> Visual Genome's three files, and where each picture's own file lies."""

import json
import os
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import count, takewhile
from pathlib import Path, PurePosixPath
from typing import Any

from relclip.core.atomic import real
from relclip.core.entries import number as number_of
from relclip.core.errors import InputError
from relclip.core.images import HEIF_SUFFIXES, SUFFIXES, image_size
from relclip.raw.formats import Box, Picture, split_said

ANNOTATIONS = ("image_data.json", "objects.json", "relationships.json")
MISSING = "images missing: no file of that name in the folder or below"
UNREADABLE = "images left out: their file cannot be read for its size"
OUTSIDE = "images left out: their path or link leads out of the folder"
HEIC = "images left out: HEIC; save them as JPEG"
REPEATED = "images left out: an entry before has their file"
#: A name that can be a picture's number.
_NUMBER = re.compile(r"[0-9]{1,18}")
#: Endings of pictures by number, those that are taken first.
_ENDINGS = (*SUFFIXES, *HEIF_SUFFIXES)
_NUMBERED = re.compile(
    rf"(?P<zeros>0*)(?P<number>[0-9]+)(?P<ending>{'|'.join(map(re.escape, _ENDINGS))})", re.I
)


@contextmanager
def json_list(path: Path) -> Iterator[Callable[[Any], None]]:
    """Write one JSON list, an entry a line, never whole in memory: yields the function that adds an entry."""
    with path.open("w", encoding="utf-8") as file:
        beginning = "[\n"

        def add(entry: Any) -> None:
            nonlocal beginning
            file.write(beginning + json.dumps(entry, separators=(",", ":")))
            beginning = ",\n"

        yield add
        file.write("[]\n" if beginning == "[\n" else "\n]\n")


def write_annotations(
    pictures: Iterable[Picture], files: "PictureFiles", output: Path, counts: Counter[str]
) -> dict[int, Path]:
    """Write image_data.json, objects.json and relationships.json; return the file of each picture by its new number.

    A picture without a file of its own is counted, not written: one that is listed twice could train and test. A name
    that is a number stays the picture's number.
    """
    free, found, taken = count(1), dict[int, Path](), set[Path]()
    with ExitStack() as stack:
        images, objects, relations = (stack.enter_context(json_list(output / name)) for name in ANNOTATIONS)
        for picture in pictures:
            file = files.find(picture.file, picture.split, picture.listing)
            file = REPEATED if file in taken else file
            boxes = [box for _, box in picture.objects]
            if picture.relative and isinstance(file, Path):
                file = _in_pixels(picture, file, boxes)
            if not isinstance(file, Path):
                counts[file] += 1
                continue
            taken.add(file)
            number = int(picture.name) if _NUMBER.fullmatch(picture.name) else 0
            if number == 0 or number in found:
                number = next(one for one in free if one not in found)
            found[number] = file
            images(_image(picture, number))
            objects({"image_id": number, "objects": _objects(picture, boxes)})
            relations({"image_id": number, "relationships": _relations(picture)})
    return found


def _in_pixels(picture: Picture, file: Path, boxes: list[Box]) -> Path | str:
    """Scale boxes, in place, by the sides that the picture's file has; return the file, or why there are none."""
    try:
        width, height = picture.size = image_size(file)
    except InputError:
        return UNREADABLE
    boxes[:] = [(x * width, y * height, w * width, h * height) for x, y, w, h in boxes]
    return file


def _image(picture: Picture, number: int) -> dict[str, Any]:
    width, height = map(number_of, picture.size)
    split = {"split": picture.split} if picture.split else {}
    return {"image_id": number, "file": picture.file, "width": width, "height": height, **split}


def _objects(picture: Picture, boxes: list[Box]) -> list[dict[str, Any]]:
    return [
        {"object_id": place, "names": [name], **dict(zip("xywh", map(number_of, box), strict=True))}
        for place, ((name, _), box) in enumerate(zip(picture.objects, boxes, strict=True))
    ]


def _relations(picture: Picture) -> list[dict[str, Any]]:
    return [
        {"relationship_id": place, "predicate": predicate, "subject_id": subject, "object_id": object_}
        for place, (subject, predicate, object_) in enumerate(picture.relations)
    ]


def numbered_pictures(places: Iterable[Path]) -> dict[int, Path | str]:
    """Number -> the picture that is called by it in the first of `places` that has one, or why it is left out.

    Cameras write .JPG, and zeros before a number: 000123.JPG is the picture 123 where there is no 123.jpg. A place may
    be a link to a larger disk; a picture that is a link out of it is left out. Reasons are words for the counts.
    """
    found: dict[int, Path | str] = {}
    for place in filter(Path.is_dir, places):
        inside = real(place)
        # of 1.JPG and 1.jpg the latter is taken
        names = sorted((path.name for path in place.iterdir()), reverse=True)
        named = [name for name in map(_NUMBERED.fullmatch, names) if name]
        for name in sorted(named, key=lambda one: (_ENDINGS.index(one["ending"].lower()), one["zeros"])):
            path, number = place / name[0], int(name["number"])
            if path.is_file() and not isinstance(found.get(number), Path):
                out = path.is_symlink() and not real(path).is_relative_to(inside)
                readable = name["ending"].lower() in SUFFIXES
                found[number] = OUTSIDE if out else path if readable else HEIC
    return found


class PictureFiles:
    """The pictures' files below a folder, found by their name and as many of the folders before it as fit.

    Where a folder of theirs is called as the last before the name, it must be in one. The folder's own folders may be
    links to a larger disk; below them no link leads out.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._paths: dict[str, list[Path]] = defaultdict(list)
        self._folders: set[str] = set()
        self._left_out: dict[str, str] = {}
        for place in [folder, *(path for path in sorted(folder.glob("[!.]*")) if path.is_dir())]:
            self._add(place, deep=place != folder)

    def _add(self, place: Path, *, deep: bool) -> None:
        inside = real(place)
        for home, folders, names in os.walk(place):
            folders[:] = sorted(folders) if deep else []
            for name in sorted(names):
                path, written = Path(home, name), _written(name)
                if path.suffix.lower() in HEIF_SUFFIXES:
                    self._left_out[written] = HEIC
                elif path.suffix.lower() not in SUFFIXES:
                    continue
                elif path.is_symlink() and not real(path).is_relative_to(inside):
                    self._left_out[written] = OUTSIDE
                else:
                    self._paths[written].append(path)
                    self._folders.add(_written(path.parent.name))

    def find(self, file: str, split: str | None, listing: Path | None = None) -> Path | str:
        """The file whose last folders are those of `file`; of several, one whose folder says the split, and of these
        the one nearest to the file that lists it.

        Where there is none: why, in words for the counts.
        """
        parts = PurePosixPath(_written(file.replace("\\", "/"))).parts
        steps = [step for step in parts if step not in {"/", ".."}]
        least = 1 if len(steps) < 2 or steps[-2] not in self._folders else 2
        near = self._folders_of(listing) if listing else ()
        best = (least - 1, True, len(near))
        name = steps[-1] if steps else ""
        chosen: Path | str = self._left_out.get(name, OUTSIDE if len(steps) < len(parts) else MISSING)
        for path in self._paths.get(name, ()):
            same = _agree(reversed(steps), map(_written, reversed(path.parts)))
            folders = self._folders_of(path)
            rank = (same, split is not None and split_said(folders) == split, _agree(folders, near))
            if rank > best:
                best, chosen = rank, path
        return chosen

    def _folders_of(self, path: Path) -> tuple[str, ...]:
        return path.parent.relative_to(self._folder).parts

    def find_near(self, place: str, file: str) -> Path | str:
        """The same of a name that is said from the folder `place`, or from the folder that holds it."""
        found, beside = self.find(str(PurePosixPath(place, file)), None), self.find(file, None)
        here = isinstance(beside, Path) and beside.parent == self._folder
        return beside if found == MISSING and here else found


def _agree(first: Iterable[str], second: Iterable[str]) -> int:
    """How many of the first names are the same."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(first, second, strict=False)))


def _written(name: str) -> str:
    """A name as it is compared: cameras write .JPG, and file systems a letter with a mark as one or two."""
    return unicodedata.normalize("NFC", name).lower()
