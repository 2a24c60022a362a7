"""The images of a data set: listed in image_data.json, present, decodable. The file's own size wins."""

import configparser
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from relclip.core.atomic import real
from relclip.core.entries import LARGEST_NUMBER, Entry, as_list, identifier, number, read_entries
from relclip.core.errors import InputError
from relclip.core.images import MAX_PIXELS, SUFFIXES, TooLarge, check_image
from relclip.core.params.dataset import Split
from relclip.core.progress import progress
from relclip.dataset.account import Account
from relclip.dataset.frames import OTHER, SCALED, TURNED, UNSAID, Frame, Size, frame_of, shown_upright
from relclip.dataset.split import listed_split

FOLDER = "images"
#: Of pictures whose size nothing explains so many, or this share of all, are borne: Visual Genome lists some wrongly.
FEW, SHARE = 2, 0.1
_NOTES = {
    SCALED: "images that are scaled copies of what was annotated (their boxes are scaled)",
    TURNED: "images annotated as their EXIF orientation shows them (their boxes are turned back)",
    UNSAID: "images whose width or height image_data.json does not say (the file wins)",
    OTHER: "images whose width or height in image_data.json was not the file's (the file wins)",
}
_AS_STORED = "images with an EXIF turn whose boxes are taken as drawn on the stored pixels"


@dataclass
class Picture:
    """One image; `objects` maps the files' object ids to ours (0, 1, ... in file order), None if dropped.

    `frame`: how its boxes were annotated. `merged` maps ids that the annotation merged into another object to that
    object's id in the file. `related`: whether relationships.json lists a relation of it.
    """

    image_id: int
    file: str
    width: int
    height: int
    split: str
    frame: Frame | None = None
    objects: dict[int, int | None] = field(default_factory=dict)
    merged: dict[int, int] = field(default_factory=dict)
    kept: int = 0
    related: bool = False


def read_pictures(raw: Path, split: Split, account: Account) -> dict[int, Picture]:
    """Return image id -> Picture of all listed images that can be read, in the order of image_data.json.

    Raises InputError where image_data.json or the folder `images` is missing or in another format, or lists no split
    though `split` wants it listed.
    """
    entries = _listed(raw / "image_data.json", account)
    files = _files(raw / FOLDER)
    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
        checks = pool.map(lambda item: _check(raw, files, *item), entries.items())
        return dict(
            _readable(entries, list(progress(checks, "check images", "image", len(entries))), split, account)
        )


def things_by_picture(
    path: Path, key: str, pictures: dict[int, Picture], account: Account
) -> Iterator[tuple[Picture, list[Entry]]]:
    """Yield each entry's picture and the JSON objects under its `key` ("objects", "relationships").

    Entries of images not kept, or met again, are passed over and noted; so is what is no JSON object.
    """
    met: set[int] = set()
    for entry in read_entries(path):
        image_id = identifier(entry, "image_id", "id")
        picture = pictures.get(image_id) if image_id is not None else None
        if picture is None:
            account.noted[f"entries of {path.name} whose image is not kept"] += 1
        elif picture.image_id in met:
            account.noted[f"entries of {path.name} whose image had one already"] += 1
        else:
            met.add(picture.image_id)
            things = as_list(entry.get(key))
            account.noted[f"elements of {path.name} that are no JSON objects"] += sum(
                not isinstance(x, dict) for x in things
            )
            yield picture, [thing for thing in things if isinstance(thing, dict)]


def _listed(path: Path, account: Account) -> dict[int, Entry]:
    entries: dict[int, Entry] = {}
    for entry in read_entries(path):
        account.read["images"] += 1
        image_id = identifier(entry, "image_id", "id")
        if image_id is None:
            account.drop("images", "entry without a whole image_id")
        elif image_id in entries:
            account.drop("images", "image_id listed again", str(image_id))
        else:
            entries[image_id] = {key: entry.get(key) for key in ("width", "height", "split")}
    return entries


def _files(folder: Path) -> dict[str, str]:
    """Return name -> what is wrong with it ('' for nothing) of the files in the folder."""
    if not folder.is_dir():
        raise InputError(
            f"{folder} does not exist; run the stage `raw`, or put the pictures there as <image id>.jpg"
        )
    inside = [real(folder), *dvc_cache(folder)]
    with os.scandir(folder) as found:
        return {item.name: _outside(item, inside) for item in found}


def _outside(item: "os.DirEntry[str]", inside: Sequence[Path]) -> str:
    linked_out = item.is_symlink() and not any(real(item.path).is_relative_to(allowed) for allowed in inside)
    return "the image file is a link out of its folder" if linked_out else ""


def dvc_cache(folder: Path) -> list[Path]:
    """DVC's cache of the repository that `folder` lies in, where its links lead under `cache.type symlink`; or []."""
    home = next((one / ".dvc" for one in folder.absolute().parents if (one / ".dvc").is_dir()), None)
    if home is None:
        return []
    config = configparser.ConfigParser(interpolation=None)
    config.read([home / "config", home / "config.local"])
    return [real(home / config.get("cache", "dir", fallback="cache"))]


def _check(raw: Path, files: dict[str, str], image_id: int, entry: Entry) -> tuple[str, Any]:
    """Return (file, (annotated size, size, EXIF orientation)) of a readable image, ('', reason) of any other."""
    name = next((name for suffix in SUFFIXES if (name := f"{image_id}{suffix}") in files), None)
    if name is None:
        return "", "no image file"
    if files[name]:
        return "", files[name]
    try:
        return f"{FOLDER}/{name}", (_annotated(entry), *check_image(raw / FOLDER / name))
    except TooLarge:
        return "", f"the image file has more than {MAX_PIXELS:,} pixels"
    except InputError:
        return "", "the image file cannot be decoded"


def _annotated(entry: Entry) -> Size | None:
    """Width and height as image_data.json says them, as whole numbers; None where it does not say two positive ones."""
    width, height = (number(entry[side]) for side in ("width", "height"))
    if (
        width is None
        or height is None
        or not (1 <= width <= LARGEST_NUMBER and 1 <= height <= LARGEST_NUMBER)
    ):
        return None
    return round(width), round(height)  # 160.0, as tools write that know floats alone


def _readable(
    entries: dict[int, Entry], checks: Sequence[tuple[str, Any]], split: Split, account: Account
) -> Iterator[tuple[int, Picture]]:
    kinds: Counter[str] = Counter()
    upright = shown_upright(found for file, found in checks if file)
    for (image_id, entry), (file, found) in zip(entries.items(), checks, strict=True):
        if not file:
            account.drop("images", found, str(image_id))
            continue
        annotated, size, orientation = found
        frame = frame_of(annotated, size, orientation, upright)
        kinds[frame.kind] += 1
        if frame.kind in _NOTES:
            account.noted[_NOTES[frame.kind]] += 1
        if frame.kind != TURNED and orientation != 1:
            account.noted[_AS_STORED] += 1
        split_name = listed_split(image_id, entry["split"], split)
        width, height = frame.size
        yield image_id, Picture(image_id, file, width, height, split_name, frame)
    if kinds[OTHER] > max(FEW, SHARE * kinds.total()):
        raise InputError(
            f"{kinds[OTHER]} of {kinds.total()} pictures have neither the size that image_data.json says nor its "
            "proportions, nor an EXIF turn that explains it, so that boxes would lie in the wrong place; give the "
            "pictures that were annotated, or correct width and height in image_data.json"
        )
