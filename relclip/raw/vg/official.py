"""Route `json`: Visual Genome's official files, unpacked, and the split that most peers use, by position."""

import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

from relclip.core.atomic import write_json
from relclip.core.entries import Entry, identifier, read_entries
from relclip.raw.vg.unzip import unpack_file

#: Corrupt pictures that the usual loaders skip (docs/method.md, 1).
CORRUPT = frozenset({1592, 1722, 4616, 4617})
#: The published split: the first 70 % of the pictures, in the order of image_data.json, are train (75,651 of 108,073).
TRAIN_SHARE = 0.7


def put_annotations(places: Mapping[str, Path], unpacked: Path, output: Path) -> None:
    """Write image_data.json with each picture's `split`, objects.json and relationships.json into `output`."""
    listed = unpacked_json(places, "image_data.json", unpacked)
    write_json(output / "image_data.json", split_by_position(pictures(listed)))
    for name in ("objects.json", "relationships.json"):
        shutil.copyfile(unpacked_json(places, name, unpacked), output / name)


def unpacked_json(places: Mapping[str, Path], name: str, unpacked: Path) -> Path:
    """The path of an annotation file, taken out of its zip where it is in one."""
    source = places.get(f"{name}.zip", places.get(name))
    assert source is not None, f"no place for {name}"
    if source.suffix != ".zip":
        return source
    unpack_file(source, name, unpacked / name)
    return unpacked / name


def pictures(path: Path) -> list[Entry]:
    """The entries of image_data.json but for the corrupt pictures, in the file's order."""
    return [entry for entry in read_entries(path) if identifier(entry, "image_id", "id") not in CORRUPT]


def split_by_position(entries: Iterable[Entry]) -> list[Entry]:
    """The entries with their `split`, train or test."""
    entries = list(entries)
    train = int(TRAIN_SHARE * len(entries))
    return [entry | {"split": "train" if place < train else "test"} for place, entry in enumerate(entries)]
