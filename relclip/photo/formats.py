"""Scene graphs in formats of others: COCO's detection JSON with relations, networkx's node-link JSON."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from relclip.core.atomic import write_json
from relclip.core.errors import InputError
from relclip.core.json_file import read_json
from relclip.photo.graph import SceneGraph
from relclip.photo.page import MADE_BY
from relclip.photo.results import GRAPH, NETWORKX, check_ours

COCO = "coco.json"
#: (output, {folder of a photo's results: the photo's file}, objects, predicates) -> what was written.
Writer = Callable[[Path, Mapping[str, str], Sequence[str], Sequence[str]], Path]


def to_coco(
    graphs: Iterable[tuple[str, SceneGraph]], objects: Sequence[str], predicates: Sequence[str]
) -> dict[str, Any]:
    """(file, graph) each -> what `relclip import --format coco` and SGG-Benchmark read, with a `score` at each entry.

    Ids count from 1; bbox is x, y, width, height in pixels. `objects`, `predicates`: all that the model knows, in the
    order of its vocabulary.
    """
    categories, predicate_ids = _numbered(objects), _numbered(predicates)
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    relations: list[dict[str, Any]] = []
    for image, (file, graph) in enumerate(graphs, 1):
        images.append({"id": image, "file_name": file, "width": graph.width, "height": graph.height})
        first = len(annotations) + 1
        for number, thing in enumerate(graph.objects, first):
            width, height = thing.x2 - thing.x1, thing.y2 - thing.y1
            box = {"bbox": [thing.x1, thing.y1, width, height], "area": width * height, "iscrowd": 0}
            named = {"id": number, "image_id": image, "category_id": categories[thing.label]}
            annotations.append({**named, **box, "score": thing.score})
        for number, one in enumerate(graph.relations, len(relations) + 1):
            subject, said, object_ = first + one.subject, predicate_ids[one.predicate], first + one.object
            ends = {"subject_id": subject, "predicate_id": said, "object_id": object_}
            relations.append({"id": number, "image_id": image, **ends, "score": one.score})
    return {
        "info": {"description": MADE_BY},
        "images": images,
        "annotations": annotations,
        "categories": _named(categories),
        "rel_annotations": relations,
        "rel_categories": _named(predicate_ids),
    }


def check_free(output: Path, formats: Iterable[str]) -> None:
    """Raise InputError where a file of these formats would replace one that is not ours, or `output` is no folder."""
    if output.is_file():
        raise InputError(f"{output} is a file; --output is a folder")
    if "coco" in formats:
        check_ours(output / COCO, f'"{MADE_BY}"')


def _coco(output: Path, files: Mapping[str, str], objects: Sequence[str], predicates: Sequence[str]) -> Path:
    write_json(output / COCO, to_coco(_graphs(output, files), objects, predicates))
    return output / COCO


def _networkx(output: Path, files: Mapping[str, str], _: Sequence[str], __: Sequence[str]) -> Path:
    import networkx  # noqa: PLC0415  # slow to load

    for folder, (_, graph) in zip(files, _graphs(output, files), strict=True):
        write_json(output / folder / NETWORKX, networkx.node_link_data(graph.to_networkx(), edges="edges"))
    return output / (next(iter(files)) if len(files) == 1 else "*") / NETWORKX


#: The choices of --format.
WRITERS: Mapping[str, Writer] = {"coco": _coco, "networkx": _networkx}


def _graphs(output: Path, files: Mapping[str, str]) -> Iterator[tuple[str, SceneGraph]]:
    for folder, file in files.items():
        yield file, SceneGraph.from_dict(read_json(output / folder / GRAPH))


def _numbered(names: Sequence[str]) -> dict[str, int]:
    return {name: number for number, name in enumerate(names, 1)}


def _named(ids: Mapping[str, int]) -> list[dict[str, Any]]:
    return [{"id": number, "name": name} for name, number in ids.items()]
