"""A folder in Visual Genome's formats -> data/raw: pictures hard-linked or copied, captions in one file."""

import os
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from relclip.core.atomic import atomic_folder
from relclip.core.entries import Entry, identifier, read_entries
from relclip.core.errors import InputError
from relclip.core.images import SUFFIXES
from relclip.core.progress import progress
from relclip.raw.captions import join_captions

ANNOTATIONS = ("image_data.json", "objects.json", "relationships.json")
#: Taken along where they are: alias files, and the full truth where a data set knows it.
EXTRAS = ("object_alias.txt", "predicate_alias.txt", "relationship_alias.txt", "truth/relationships.json")
#: Where pictures are looked for: this project's folder, then the two that Visual Genome's zips unpack to.
PLACES = ("images", "VG_100K", "VG_100K_2")
LONGEST_NAME = 200
LINKED, COPIED = "pictures linked", "pictures copied"


def take_folder(folder: Path, captions: Sequence[str], output: Path) -> Counter[str]:
    """Make `output` (the contract of data/raw) from `folder`, whole or not at all; return counts in words.

    Pictures are found by their id in `images`, `VG_100K`, `VG_100K_2`, else by `file` in image_data.json;
    missing ones are counted here and dropped by the stage `dataset`. Captions get ids `<file's stem>:<id>`.
    Raises InputError where a file is missing or broken, no picture is found, or `output` holds `folder`.
    """
    _check(folder, output)
    counts: Counter[str] = Counter()
    with atomic_folder(output) as made:
        for name in ANNOTATIONS + tuple(extra for extra in EXTRAS if (folder / extra).is_file()):
            (made / name).parent.mkdir(exist_ok=True)
            shutil.copyfile(folder / name, made / name)
        (made / "images").mkdir()
        listed = _listed(folder)
        for entry in progress(read_entries(folder / "image_data.json"), "take pictures", "picture"):
            counts[_take(folder, listed, entry, made / "images")] += 1
        if not counts[LINKED] + counts[COPIED]:
            met = (
                ", ".join(f"{number} x {what}" for what, number in counts.items())
                or "image_data.json is empty"
            )
            raise InputError(
                f"{folder} has no picture to take ({met}); put them in {folder / 'images'}/<image_id>.jpg"
            )
        counts.update(join_captions([Path(path) for path in captions], made / "captions.tsv"))
    return counts


def _check(folder: Path, output: Path) -> None:
    if not folder.is_dir():
        raise InputError(
            f"raw.folder '{folder}' is no folder; give one that holds {', '.join(ANNOTATIONS)} and images/"
        )
    for name in ANNOTATIONS:
        if not (folder / name).is_file():
            raise InputError(f"{folder / name} does not exist; raw.folder must hold {', '.join(ANNOTATIONS)}")
    if folder.resolve().is_relative_to(output.resolve()):
        raise InputError(
            f"raw.folder '{folder}' lies in the output '{output}', which is replaced; move it elsewhere"
        )


def _take(folder: Path, listed: Mapping[str, str], entry: Entry, images: Path) -> str:
    """Put one picture in place and return what happened, in words for the counts."""
    image_id = identifier(entry, "image_id", "id")
    if image_id is None:
        return "entries of image_data.json without a whole image_id"
    source = _find(folder, listed, image_id, entry.get("file"))
    if isinstance(source, str):
        return source
    target = images / f"{image_id}{source.suffix.lower()}"
    if target.exists():
        return "entries of image_data.json whose image_id came before"
    return link(source.resolve(), target)


def _listed(folder: Path) -> dict[str, str]:
    """`place/name` of each picture in PLACES with its ending in lower case -> as it is written: cameras write .JPG."""
    listed: dict[str, str] = {}
    for place in PLACES:
        if (folder / place).is_dir():
            with os.scandir(folder / place) as items:
                names = sorted(item.name for item in items)
            for name in reversed(names):  # of 1.JPG and 1.jpg the latter is taken
                path = Path(name)
                listed[f"{place}/{path.stem}{path.suffix.lower()}"] = f"{place}/{name}"
    return listed


def _find(folder: Path, listed: Mapping[str, str], image_id: int, file: object) -> Path | str:
    wanted = [f"{place}/{image_id}{suffix}" for place in PLACES for suffix in SUFFIXES]
    names = [listed[name] for name in wanted if name in listed]
    if isinstance(file, str) and Path(file).suffix.lower() in SUFFIXES and len(file) < LONGEST_NAME:
        names += [f"images/{file}", file] if not Path(file).is_absolute() else [file]
    for name in names:
        path = folder / name
        if path.is_file():
            base = folder / Path(name).parts[0] if Path(name).parts[0] in PLACES else folder
            if path.resolve().is_relative_to(base.resolve()):
                return path
            return "pictures left out: their path or link leads out of the folder"
    return "pictures missing"


def link(source: Path, target: Path) -> str:
    """Hard-link a picture; copy it where the disk or its owner's rights forbid a link. Return which, in words."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
        return COPIED
    return LINKED
