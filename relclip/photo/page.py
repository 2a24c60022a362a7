"""One page a photo, one for all of them: nothing is fetched, everything from data is escaped."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from relclip.core.page import data_uri, render
from relclip.core.recall import Task
from relclip.photo.about import About
from relclip.photo.colours import text_on
from relclip.photo.graph import two_digits

#: What marks files as ours, which may be replaced.
MADE_BY = "relclip predict"
_HERE = Path(__file__).parent / "template"
_BOXES: Mapping[Task, str] = {
    "sgdet": "found by the detector",
    "sgcls": "whose boxes were given",
    "predcls": "given with their labels",
}


def render_page(
    content: Mapping[str, Any],
    about: About,
    picture: Image.Image,
    *,
    svg: str,
    palette: Mapping[str, str],
    top: int,
) -> str:
    """The page of one photo. `content`: what graph.json holds; `picture`: the photo at the size to show it at."""
    script = (_HERE / "page.js").read_text("utf-8")
    used = {one["predicate"] for one in content["relations"]}
    colours = {name: (palette[name], text_on(palette[name])) for name in palette if name in used}
    data = {
        "width": content["width"],
        "height": content["height"],
        "objects": content["objects"],
        "relations": [
            {name: one[name] for name in ("subject", "predicate", "object")} for one in content["relations"]
        ],
        "palette": colours,
    }
    return render(
        _HERE,
        "page.html",
        {"score": two_digits},
        script=script,
        data=data,
        graph={**content, "about": {**content["about"], "sentence": about.sentence}},
        name=Path(content["photo"]).name,
        boxes=_BOXES[content["task"]],
        image=jpeg_uri(picture, 88),
        nothing=_nothing(content),
        svg=svg,
        palette=colours,
        top=min(top, len(content["relations"])),
    )


def render_index(cards: Sequence[Mapping[str, Any]], failures: Sequence[str], about: About) -> str:
    """The page of several photos. A card: name, link, image (a data URI), triplets."""
    return render(
        _HERE,
        "index.html",
        {"score": two_digits},
        made_by=MADE_BY,
        cards=cards,
        failures=failures,
        about={"sentence": about.sentence, "warning": about.warning, "trained_on": about.trained_on},
    )


def jpeg_uri(picture: Image.Image, quality: int) -> str:
    """A picture as part of a page: JPEG without the metadata of the file it came from."""
    buffer = io.BytesIO()
    picture.convert("RGB").save(buffer, "JPEG", quality=quality)
    return data_uri(buffer.getvalue(), "image/jpeg")


def _nothing(content: Mapping[str, Any]) -> str:
    """Why there is no relation, in a sentence."""
    count = len(content["objects"])
    if count > 1:
        return f"{count} objects, but no two of their boxes overlap, and only overlapping boxes are related."
    if count == 1:
        return f"One object ({content['objects'][0]['label']}), so there is no pair to relate."
    if content["task"] == "sgdet":
        return "The detector found no object in this picture. Boxes of your own can be given with --boxes."
    return "No boxes were given for this picture."
