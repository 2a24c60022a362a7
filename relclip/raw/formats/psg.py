"""PSG (Jingkang50/OpenPSG): psg.json, of which the boxes of things and stuff are read, not the masks.

`data` lists pictures: `annotations` ({bbox x1, y1, x2, y2, category_id}) and `relations` ([subject, object, predicate],
places in `annotations` and in `predicate_classes`). A category is a place in `thing_classes` + `stuff_classes`.
`test_image_ids` are test; all others train, so that `dataset.split: {validation: first_1000_of_train}` makes the
validation pictures.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from relclip.core.entries import Entry, as_list, number
from relclip.core.errors import InputError
from relclip.core.json_file import read_json
from relclip.raw.formats import Picture, annotation_files, words_of

FILE = "psg.json"
KEYS = ("data", "thing_classes", "stuff_classes", "predicate_classes", "test_image_ids")
#: How COCO's panoptic names end for its own book-keeping: wall-other-merged, tree-merged, door-stuff.
_ENDING = re.compile(r"(-other|-merged|-stuff)+$")


def read(folder: Path, counts: Counter[str]) -> Iterator[Picture]:
    """Yield the pictures of psg.json, or of the only JSON file there is."""
    files = annotation_files(folder, ".json")
    named = [path for path in files if path.name == FILE] or files
    if len(named) > 1:
        raise InputError(
            f"{folder} holds {len(named)} JSON files and none or several {FILE}; leave the one to read"
        )
    path = named[0]
    content = read_json(path, "get a whole copy", InputError)
    for key in KEYS:
        if not isinstance(content, dict) or not isinstance(content.get(key), list):
            raise InputError(f"{path}: '{key}' must be a list; compare the file with {FILE} of OpenPSG")
    classes = [_class(name) for name in content["thing_classes"] + content["stuff_classes"]]
    predicates = list(map(words_of, content["predicate_classes"]))
    tested = set(map(str, content["test_image_ids"]))
    for entry in content["data"]:
        picture = _picture(entry, tested) if isinstance(entry, dict) else None
        if picture is None:
            counts["entries of data without an image_id or a file_name"] += 1
            continue
        _fill(picture, entry, classes, predicates, counts)
        yield picture


def _class(name: object) -> str | None:
    words = words_of(name)
    return words and words_of(_ENDING.sub("", words))


def _picture(entry: Entry, tested: set[str]) -> Picture | None:
    name, file = entry.get("image_id"), words_of(entry.get("file_name"))
    if not isinstance(name, str | int) or file is None:
        return None
    split = "test" if str(name) in tested else "train"
    return Picture(str(name), file, (entry.get("width"), entry.get("height")), split)


def _fill(
    picture: Picture,
    entry: Entry,
    classes: Sequence[str | None],
    predicates: Sequence[str | None],
    counts: Counter[str],
) -> None:
    place: dict[int, int] = {}
    for row, thing in enumerate(as_list(entry.get("annotations"))):
        box = as_list(thing.get("bbox")) if isinstance(thing, dict) else []
        name = _named(classes, thing.get("category_id")) if isinstance(thing, dict) else None
        if name is None or not _are_numbers(box):
            counts["annotations without a known category or a bbox of four numbers"] += 1
            continue
        x1, y1, x2, y2 = box
        place[row] = len(picture.objects)
        picture.objects.append((name, (x1, y1, x2 - x1, y2 - y1)))
    for link in map(as_list, as_list(entry.get("relations"))):
        whole = len(link) == 3 and all(isinstance(one, int) for one in link)
        predicate = _named(predicates, link[2]) if whole else None
        if predicate is not None and link[0] in place and link[1] in place:
            picture.relations.append((place[link[0]], predicate, place[link[1]]))
        else:
            counts["relations without two annotations of their picture or a known predicate"] += 1


def _named(names: Sequence[str | None], place: object) -> str | None:
    """The name at a place, if it is one."""
    return names[place] if isinstance(place, int) and 0 <= place < len(names) else None


def _are_numbers(box: list[object]) -> bool:
    return len(box) == 4 and all(number(one) is not None for one in box)
