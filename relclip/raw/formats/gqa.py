"""GQA's scene graphs: train_sceneGraphs.json and val_sceneGraphs.json, image id -> picture, read one at a time.

A picture has `width`, `height` and `objects`: id -> {name, x, y, w, h, relations: [{name, object: id}]}. The graphs of
GQA's own test pictures were never published: `val` is what is tested on, so it becomes test here, and
`dataset.split: {validation: first_5000_of_train}` makes the validation pictures.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from relclip.core.entries import Entry, as_list, read_members
from relclip.raw.formats import Picture, annotation_files, split_of, words_of

NAME = "sceneGraphs"


def read(folder: Path, counts: Counter[str]) -> Iterator[Picture]:
    """Yield the pictures of all files *sceneGraphs.json."""
    for path in annotation_files(folder, ".json", named=NAME):
        split = split_of(path, folder)
        for name, graph in read_members(path):
            yield _picture(name, graph, "test" if split == "val" else split, counts)


def _picture(name: str, graph: Entry, split: str | None, counts: Counter[str]) -> Picture:
    picture = Picture(name, f"{name}.jpg", (graph.get("width"), graph.get("height")), split)
    objects = graph.get("objects")
    place: dict[str, int] = {}
    things = []
    for number, thing in objects.items() if isinstance(objects, dict) else ():
        words = words_of(thing.get("name")) if isinstance(thing, dict) else None
        if words is None:
            counts["objects without a name"] += 1
            continue
        place[number] = len(picture.objects)
        picture.objects.append((words, (thing.get("x"), thing.get("y"), thing.get("w"), thing.get("h"))))
        things.append((place[number], as_list(thing.get("relations"))))
    for subject, links in things:
        for link in links:
            words, end = (link.get("name"), link.get("object")) if isinstance(link, dict) else (None, None)
            other = place.get(str(end))
            if other is not None and (words := words_of(words)):
                picture.relations.append((subject, words, other))
            else:
                counts["relations without a name or an object of their image"] += 1
    return picture
