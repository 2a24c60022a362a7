"""The folder of one photo's results, whole or not at all, and the page over several of them."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any
from urllib.parse import quote

from PIL import Image

from relclip.core.atomic import atomic_folder, write_json, write_text
from relclip.core.errors import ContractError, InputError
from relclip.core.json_file import read_json
from relclip.photo.about import About
from relclip.photo.diagram import to_dot, to_svg
from relclip.photo.drawing import draw
from relclip.photo.evidence import Knowledge
from relclip.photo.graph import SceneGraph
from relclip.photo.page import MADE_BY, jpeg_uri, render_index, render_page

INDEX = "index.html"
GRAPH, PICTURE, PAGE, THUMBNAIL = "graph.json", "picture.png", "page.html", "thumbnail.jpg"
#: Written into a photo's folder afterwards, where --format asks for it.
NETWORKX = "networkx.json"
_THUMBNAIL_SIDE, _TRIPLETS = 320, 3


def write_results(
    folder: Path,
    graph: SceneGraph,
    picture: Image.Image,
    *,
    palette: Mapping[str, str],
    knowledge: Knowledge | None,
    top: int,
    key: str,
) -> None:
    """Write graph.json, picture.png, graph.dot, graph.svg, page.html, thumbnail.jpg; `key`: what they depend on."""
    content = described(graph, knowledge)
    svg = to_svg(graph, palette, top)
    with atomic_folder(folder, obsolete=(NETWORKX,)) as made:
        write_json(made / GRAPH, {"made_by": MADE_BY, "key": key, **content})
        draw(picture, graph, palette, top).save(made / PICTURE)
        write_text(made / "graph.dot", to_dot(graph, palette, top))
        write_text(made / "graph.svg", svg)
        write_text(made / PAGE, render_page(content, graph.about, picture, svg=svg, palette=palette, top=top))
        small = picture.convert("RGB")
        small.thumbnail((_THUMBNAIL_SIDE, _THUMBNAIL_SIDE))
        small.save(made / THUMBNAIL, quality=80)


def described(graph: SceneGraph, knowledge: Knowledge | None) -> dict[str, Any]:
    """The graph as graph.json holds it: each relation with what the knowledge base `said` of it."""
    content = graph.to_dict()
    for one in content["relations"]:
        names = (content["objects"][one[end]]["label"] for end in ("subject", "object"))
        subject, object_ = names
        one["said"] = None if knowledge is None else asdict(knowledge.of(subject, one["predicate"], object_))
    return content


def key_of(folder: Path) -> str | None:
    """What the results in `folder` depend on; None where there are none yet.

    Raises InputError where the folder holds something else, which must not be replaced.
    """
    if not folder.exists():
        return None
    try:
        said = read_json(folder / GRAPH)
        if said["made_by"] == MADE_BY:
            return str(said["key"])
    except (KeyError, TypeError, ContractError):
        pass
    raise _not_ours(folder)


def check_index(output: Path) -> None:
    """Raise InputError where index.html is not one of ours."""
    check_ours(output / INDEX, f'content="{MADE_BY}"')


def check_ours(path: Path, mark: str) -> None:
    """Raise InputError where there is a file without our mark, which must not be replaced."""
    if path.exists() and mark not in path.read_text("utf-8", errors="replace"):
        raise _not_ours(path)


def write_index(output: Path, files: Mapping[str, str], failures: Sequence[str], about: About) -> Path:
    """Write index.html over the results of these photos, {folder: the photo's file}; returns its path."""
    cards = [_card(output, name, file) for name, file in files.items()]
    write_text(output / INDEX, render_index(cards, failures, about))
    return output / INDEX


def _card(output: Path, name: str, file: str) -> dict[str, Any]:
    content = read_json(output / name / GRAPH)
    labels = [one["label"] for one in content["objects"]]
    with Image.open(output / name / THUMBNAIL, formats=["JPEG"]) as picture:
        image = jpeg_uri(picture, 75)
    return {
        "name": file,
        "link": f"{quote(name)}/{PAGE}",
        "image": image,
        "triplets": [
            (labels[one["subject"]], one["predicate"], labels[one["object"]], one["score"])
            for one in content["relations"][:_TRIPLETS]
        ],
    }


def _not_ours(path: Path) -> InputError:
    return InputError(f"{path} exists and was not written by {MADE_BY}; name another folder with --output")
