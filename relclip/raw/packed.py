"""What a data set of the Hub comes packed in: zip archives, and Parquet shards with a column of pictures.

An archive is unpacked into `unpacked/<its name>`, for a folder of its name may be the data set's own. Shards become
pictures and, where they have the columns, COCO's JSON with relations, a file a split: `image` {bytes, path},
`file_name`, `width`, `height`, `objects` [{id, bbox x y w h, category_id}], `relations` [{subject_id, object_id,
predicate_id}], as maelic/PSG-coco-format and its kind have them.
What a number of a category or predicate is called stands in a JSON file with `categories` and `rel_categories`, in the
features' class labels (datasets' `ClassLabel`), or in the column itself, as text.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from relclip.core.atomic import atomic_folder, write_json
from relclip.core.entries import Entry, as_list
from relclip.core.entries import number as number_of
from relclip.core.errors import InputError
from relclip.core.images import SUFFIXES
from relclip.core.json_file import parse_json, read_json
from relclip.core.parquet import CHECKED, check_names, readable
from relclip.core.progress import progress
from relclip.raw.formats import UNPACKED, split_of, words_of
from relclip.raw.formats.coco import Id, id_of, names_by_id
from relclip.raw.formats.coco import Names as NamesOfKind
from relclip.raw.vg.unzip import LARGEST_JSON, LARGEST_PICTURE, RATIO_ALL, disk_takes, unpack_folder

SHARDS = "shards"
#: Rows at a time: pictures of LARGEST_PICTURE must fit the memory so many times.
ROWS = 8
#: So many values in so many times fewer bytes are no data.
MOST_VALUES, MOST_TIMES = 1 << 22, 10
#: A file that names numbers is small.
LARGEST_NAMES = 1 << 24
COLUMNS = ("image", "file_name", "width", "height", "objects", "relations")
#: How a picture's bytes begin -> the ending of its file.
BEGINNINGS = {b"\xff\xd8\xff": ".jpg", b"\x89PNG": ".png", b"GIF8": ".gif", b"RIFF": ".webp"}
Names = dict[str, NamesOfKind]


def unpack(folder: Path, counts: Counter[str], place: Path | None = None) -> None:
    """Unpack what lies in `folder`, unless that was done since it came. What is left out is counted in words.

    place: where to; none: there.

    Raises InputError where an archive or a shard is broken, holds too much, or does not say what it should.
    """
    place = place or folder
    for archive in _files(folder, ".zip"):
        target = place / UNPACKED / _flat_name(archive, folder)
        if not _made_since([archive], target):
            counts.update(unpack_folder(archive, target))
    shards = _files(folder, ".parquet")
    if shards and not _made_since(shards, place / SHARDS):
        names = _listed_names(folder)
        with atomic_folder(place / SHARDS) as made:
            _unpack_shards(shards, folder, made, names, counts)


def _files(folder: Path, ending: str) -> list[Path]:
    """The files with this ending at any depth, but for what is hidden."""
    paths = sorted(path for path in folder.rglob(f"*{ending}") if path.is_file())
    return [path for path in paths if not any(step[0] == "." for step in path.relative_to(folder).parts)]


def _flat_name(path: Path, folder: Path) -> str:
    """A name of its own for a file at any depth of the folder."""
    return "-".join(path.relative_to(folder).with_suffix("").parts)


def _made_since(sources: list[Path], target: Path) -> bool:
    return target.is_dir() and all(one.stat().st_mtime_ns <= target.stat().st_mtime_ns for one in sources)


def _unpack_shards(shards: list[Path], folder: Path, made: Path, names: Names, counts: Counter[str]) -> None:
    """Write the pictures of all shards into `made`/<split>, and <split>.json beside it."""
    left = RATIO_ALL * sum(path.stat().st_size for path in shards) + LARGEST_JSON
    splits: dict[str, _Annotation] = defaultdict(_Annotation)
    for path in progress(shards, "unpack shards", "file"):
        split = split_of(path, folder) or "pictures"
        (made / split).mkdir(exist_ok=True)
        for place, (row, known) in enumerate(_rows(path, names)):
            picture = row["image"].get("bytes") if isinstance(row["image"], dict) else row["image"]
            ending = _ending(picture)
            if not isinstance(picture, bytes) or ending is None:
                counts["rows of Parquet without an image that can be read"] += 1
                continue
            name = _file_name(row, made / split) or f"{_flat_name(path, folder)}-{place}{ending}"
            left -= len(picture)
            if left < 0:
                raise InputError(
                    f"{folder}: its Parquet files hold far more than their size; get the right ones"
                )
            (made / split / name).write_bytes(picture)
            if "objects" in row and "relations" in row:
                splits[split].add(row, f"{split}/{name}", known, counts)
    for split, annotation in splits.items():
        write_json(made / f"{split}.json", annotation.content())


def _rows(path: Path, names: Names) -> Iterator[tuple[Entry, Names]]:
    """Rows of a shard, a few at a time, and what it calls its numbers. Raises InputError where it is none."""
    hint = "remove it and fetch it anew"
    with readable(path, hint, InputError), pq.ParquetFile(path, **CHECKED) as file:
        columns = [name for name in COLUMNS if name in file.schema_arrow.names]
        if "image" not in columns:
            raise InputError(
                f"{path} has the columns {', '.join(file.schema_arrow.names[:12])}; a shard of pictures must have "
                f"image, and for its annotation width, height, objects and relations"
            )
        check_names(path, file.schema_arrow.names)
        _check_values(path, file.metadata)
        known: Names = {"category": {}, "predicate": {}} | _class_labels(file.schema_arrow) | names
        for batch in file.iter_batches(ROWS, columns=columns):
            yield from ((row, known) for row in batch.to_pylist())


def _check_values(path: Path, metadata: pq.FileMetaData) -> None:
    """Raise InputError where a small file announces values beyond measure: a constant takes no room, in lists too."""
    groups = map(metadata.row_group, range(metadata.num_row_groups))
    values = sum(group.column(place).num_values for group in groups for place in range(group.num_columns))
    if values > MOST_VALUES and values > MOST_TIMES * path.stat().st_size:
        raise InputError(
            f"{path} holds {values:,} values in {path.stat().st_size:,} bytes, which no shard of pictures does; "
            "remove it and fetch it anew"
        )


def _listed_names(folder: Path) -> Names:
    """Numbers -> names as a JSON file of the data set has them; empty where none does."""
    for path in (path for path in _files(folder, ".json") if path.parent != folder / SHARDS):
        content = read_json(path, error=InputError) if path.stat().st_size < LARGEST_NAMES else None
        if isinstance(content, dict) and "categories" in content and "rel_categories" in content:
            named = {"category": content["categories"], "predicate": content["rel_categories"]}
            return {kind: names_by_id(as_list(entries)) for kind, entries in named.items()}
    return {}


def _class_labels(schema: pa.Schema) -> Names:
    """Numbers -> names of the class labels that `datasets` writes into a file's schema."""
    found: Names = {}
    for kind, column in (("category", "objects"), ("predicate", "relations")):
        with suppress(
            LookupError, TypeError, ValueError, AttributeError
        ):  # others write what they like there
            feature = parse_json(schema.metadata[b"huggingface"])["info"]["features"][column]
            entry = feature[0] if isinstance(feature, list) else feature["feature"]
            found[kind] = names_by_id(as_list((entry.get(f"{kind}_id") or entry[kind])["names"]))
    return found


def _ending(picture: object) -> str | None:
    """The ending of a picture's file by its first bytes; None where it is none, or too large."""
    if not isinstance(picture, bytes) or len(picture) > LARGEST_PICTURE:
        return None
    return next((ending for begin, ending in BEGINNINGS.items() if picture.startswith(begin)), None)


def _file_name(row: Entry, folder: Path) -> str | None:
    """What the data set calls a picture's file, where it is a name that `folder` can take."""
    said = row.get("file_name") or (row["image"].get("path") if isinstance(row["image"], dict) else None)
    name = PurePosixPath(said.replace("\\", "/")).name if isinstance(said, str) else ""
    fits = name.isprintable() and disk_takes(name) and PurePosixPath(name).suffix.lower() in SUFFIXES
    return name if fits and not (folder / name).exists() else None


class _Annotation:
    """COCO's JSON with relations of one split, row by row."""

    def __init__(self) -> None:
        self._lists: dict[str, list[Entry]] = {"images": [], "annotations": [], "rel_annotations": []}
        self._numbers: dict[str, dict[str, int]] = {"category": {}, "predicate": {}}

    def add(self, row: Entry, file: str, names: Names, counts: Counter[str]) -> None:
        """Add a row. Objects and relations without what they need are counted in words by COCO's own reader."""
        images, things, links = self._lists.values()
        number = len(images)
        place: dict[Id | None, int] = {}
        size = {key: number_of(row.get(key)) for key in ("width", "height")}
        images.append({"id": number, "file_name": file, **size})
        for local, one in enumerate(_entries(row["objects"])):
            key = id_of(one, "id")
            place[local if key is None else key] = len(things)
            category = self._number("category", one, names, counts)
            box = [number_of(side) for side in as_list(one.get("bbox"))]
            things.append({"id": len(things), "image_id": number, "category_id": category, "bbox": box})
        for one in _entries(row["relations"]):
            ends = {end: place.get(id_of(one, end), -1) for end in ("subject_id", "object_id")}
            predicate = self._number("predicate", one, names, counts)
            links.append({"image_id": number, "predicate_id": predicate, **ends})

    def _number(self, kind: str, one: Entry, names: Names, counts: Counter[str]) -> int:
        """The number, of our own, of what an entry is called."""
        key = f"{kind}_id" if f"{kind}_id" in one else kind
        words = names[kind].get(id_of(one, key)) or words_of(one.get(key))
        if words is None:
            counts[
                f"entries of Parquet whose {kind} has no name: a JSON file with categories and rel_categories says it"
            ] += 1
            return -1
        return self._numbers[kind].setdefault(words, len(self._numbers[kind]))

    def content(self) -> Entry:
        """The whole file."""
        listed = {
            key: [{"id": number, "name": words} for words, number in self._numbers[kind].items()]
            for key, kind in (("categories", "category"), ("rel_categories", "predicate"))
        }
        return {**self._lists, **listed}


def _entries(value: Any) -> list[Entry]:
    """A list of mappings, which older shards hold as a mapping of lists."""
    if isinstance(value, dict):
        columns = [as_list(column) for column in value.values()]
        return [dict(zip(value, row, strict=True)) for row in zip(*columns, strict=False)]
    return [one for one in as_list(value) if isinstance(one, dict)]
