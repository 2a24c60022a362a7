"""COCO's detection JSON with relations, a file a split, as the ANNOTATIONS.md of Maelic/SGG-Benchmark lays it out.

Beside COCO's `images`, `annotations` (bbox x, y, w, h) and `categories`, a file has `rel_categories` ({id, name}; where
they are plain names, an id is a place) and `rel_annotations` ({image_id, subject_id, predicate_id, object_id}, whose
ends are ids of annotations). An id is a number or a text.
"""

import reprlib
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

from relclip.core.entries import Entry, as_list, whole
from relclip.core.errors import InputError
from relclip.core.json_file import read_json
from relclip.raw.formats import Picture, annotation_files, split_of, words_of

KEYS = ("images", "annotations", "categories", "rel_categories", "rel_annotations")
Id = int | str
#: Id -> name.
Names = dict[Id | None, str]


def read(folder: Path, counts: Counter[str]) -> Iterator[Picture]:
    """Yield the pictures of every COCO file with relations that `folder` or a folder inside it holds."""
    files = annotation_files(folder, ".json")
    found = 0
    for path in files:
        content = read_json(path, "get a whole copy", InputError)
        if not isinstance(content, dict) or "rel_annotations" not in content:
            counts["JSON files passed over: without rel_annotations"] += 1
            continue
        found += 1
        yield from _pictures(content, path, split_of(path, folder), counts)
    if not found:
        names = ", ".join(path.name for path in files[:5])
        raise InputError(
            f"{folder} has no COCO file with relations (looked into {names}); one must hold {', '.join(KEYS)}"
        )


def _pictures(content: Entry, path: Path, split: str | None, counts: Counter[str]) -> Iterator[Picture]:
    for key in KEYS:
        if not isinstance(content.get(key), list):
            raise InputError(f"{path}: '{key}' must be a list; compare the file with COCO's format")
    names = _names(content, "categories", path), _names(content, "rel_categories", path)
    files: dict[Id, str] = {}
    things, links = (
        _by_picture(content[key], f"{key} without the image_id of an image", counts)
        for key in ("annotations", "rel_annotations")
    )
    for entry in content["images"]:
        file = words_of(entry.get("file_name")) if isinstance(entry, dict) else None
        number = id_of(entry, "id") if file else None
        if file is None or number is None:
            counts["images without a file_name or an id"] += 1
            continue
        if files.setdefault(number, file) != file:
            raise _twice(path, "images", number, files[number], file)
        picture = Picture(str(number), file, (entry.get("width"), entry.get("height")), split, listing=path)
        _fill(picture, things.pop(number, []), links.pop(number, []), names, counts)
        yield picture
    for what, left in (("annotations", things), ("rel_annotations", links)):
        counts[f"{what} of no image that is listed"] += sum(map(len, left.values()))


def _names(content: Entry, key: str, path: Path) -> Names:
    names: Names = {}
    for number, name in _named(content[key]):
        if names.setdefault(number, name) != name:
            raise _twice(path, key, number, names[number], name)
    return names


def _twice(path: Path, key: str, number: Id, first: object, second: object) -> InputError:
    return InputError(
        f"{path}: two of its {key} have the id {reprlib.repr(number)}, {reprlib.repr(first)} and "
        f"{reprlib.repr(second)}, so that nobody knows which is meant; give each an id of its own"
    )


def names_by_id(entries: list[object]) -> Names:
    """Id -> name, of entries {id, name}; the id of a plain name is its place. Of several names the last one counts."""
    return dict(_named(entries))


def _named(entries: list[object]) -> Iterator[tuple[Id, str]]:
    for place, entry in enumerate(entries):
        number, name = (id_of(entry, "id"), entry.get("name")) if isinstance(entry, dict) else (place, entry)
        if number is not None and (words := words_of(name)):
            yield number, words


def id_of(entry: Entry, key: str) -> Id | None:
    """The id that an entry has there: a whole number, or a text that says none."""
    number = whole(entry.get(key))
    return words_of(entry.get(key)) if number is None else number


def _by_picture(entries: list[object], fault: str, counts: Counter[str]) -> dict[Id, list[Entry]]:
    found: dict[Id, list[Entry]] = defaultdict(list)
    for entry in entries:
        number = id_of(entry, "image_id") if isinstance(entry, dict) else None
        if isinstance(entry, dict) and number is not None:
            found[number].append(entry)
        else:
            counts[fault] += 1
    return found


def _fill(
    picture: Picture,
    things: list[Entry],
    links: list[Entry],
    names: tuple[Names, Names],
    counts: Counter[str],
) -> None:
    (classes, predicates), place = names, dict[Id | None, int]()
    for thing in things:
        number, box = id_of(thing, "id"), as_list(thing.get("bbox"))
        name = classes.get(id_of(thing, "category_id"))
        if number is None or number in place or name is None or len(box) != 4:
            counts["annotations without an id of their own, a known category or a bbox of four"] += 1
            continue
        place[number] = len(picture.objects)
        picture.objects.append((name, (box[0], box[1], box[2], box[3])))
    for link in links:
        subject, object_ = (place.get(id_of(link, end)) for end in ("subject_id", "object_id"))
        predicate = predicates.get(id_of(link, "predicate_id"))
        if subject is None or object_ is None or predicate is None:
            counts["rel_annotations without two annotations of their image or a known predicate"] += 1
        else:
            picture.relations.append((subject, predicate, object_))
