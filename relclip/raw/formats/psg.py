"""PSG (Jingkang50/OpenPSG): psg.json, of which the boxes of things and stuff are read, not the masks.

`data` lists pictures: `annotations` ({bbox x1, y1, x2, y2, category_id}; x, y, w, h where its bbox_mode is 1) and
`relations` ([subject, object, predicate], places in `annotations` and in `predicate_classes`). A category is a place in
`thing_classes` + `stuff_classes`.
`test_image_ids` are test; all others train, so that `dataset.split: {validation: first_1000_of_train}` makes the
validation pictures.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from relclip.core.entries import Entry, as_list, number, whole
from relclip.core.errors import InputError
from relclip.core.json_file import read_json
from relclip.raw.formats import Picture, annotation_files, words_of

FILE = "psg.json"
#: bbox_mode of detectron2, whose 0 is corners.
XYWH = 1
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
    place: dict[int | None, int] = {}
    if "annotations" not in entry:
        counts["entries of data without annotations: masks in segments_info have no boxes"] += 1
    for row, thing in enumerate(as_list(entry.get("annotations"))):
        box = as_list(thing.get("bbox")) if isinstance(thing, dict) else []
        name = _named(classes, thing.get("category_id")) if isinstance(thing, dict) else None
        if name is None or not _are_numbers(box):
            counts["annotations without a known category or a bbox of four numbers"] += 1
            continue
        left, top, *far = box
        sides = far if thing.get("bbox_mode") == XYWH else (far[0] - left, far[1] - top)
        place[row] = len(picture.objects)
        picture.objects.append((name, (left, top, *sides)))
    for link in map(as_list, as_list(entry.get("relations"))):
        first, second, said = link if len(link) == 3 else (None, None, None)
        subject, object_ = place.get(whole(first)), place.get(whole(second))
        predicate = _named(predicates, said)
        if predicate is not None and subject is not None and object_ is not None:
            picture.relations.append((subject, predicate, object_))
        else:
            counts["relations without two annotations of their image or a known predicate"] += 1


def _named(names: Sequence[str | None], place: object) -> str | None:
    """The name at a place, if it is one."""
    number = whole(place)
    return names[number] if number is not None and 0 <= number < len(names) else None


def _are_numbers(box: list[object]) -> bool:
    return len(box) == 4 and all(number(one) is not None for one in box)
