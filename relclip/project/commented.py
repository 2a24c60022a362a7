"""A params.yaml as text: every key in the data's order, with the comments that a preset has above them."""

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, get_args, get_origin

import yaml

from relclip.core.params.base import Closed
from relclip.core.params.trainings import START
from relclip.core.params.whole import Params

#: The keys that lead to a place in params.yaml.
Place = tuple[str, ...]
Comments = Mapping[Place, Sequence[str]]
#: The sections in the order the data takes.
ORDER = (
    *("raw", "dataset", "kb", "words", "clip", "labels", "features", "ext", "detector"),
    *("train", "runs", "refined", "predict", "predictions", "gradcam", "evaluate", "tables"),
)
WIDTH = 118
#: Where editors find what each key means and may be (the YAML language server).
EDITORS = "# yaml-language-server: $schema=workflow/params.schema.json"


def comments_of(text: str) -> dict[Place, list[str]]:
    """The comment lines directly above each key of a YAML text; those at its head belong to the place `()`."""
    lines = text.splitlines()
    head = next((number for number, line in enumerate(lines) if not line.startswith("#")), len(lines))
    above = {place: _above(lines, mark) for place, mark in _keys(yaml.compose(text, yaml.SafeLoader), ())}
    return {(): lines[:head]} | {place: comment for place, comment in above.items() if comment}


def _keys(node: Any, place: Place) -> Iterator[tuple[Place, Any]]:
    """Each key of a mapping and of the mappings in it, with the mark of where it begins."""
    for key, value in node.value if isinstance(node, yaml.MappingNode) else ():
        yield (*place, key.value), key.start_mark
        yield from _keys(value, (*place, key.value))


def _above(lines: Sequence[str], key: Any) -> list[str]:
    """The comments above the line of a key; none above one that is not the first of its line."""
    first = key.line if not lines[key.line][: key.column].strip() else 0
    while first and lines[first - 1].lstrip().startswith("#"):
        first -= 1
    return [comment.strip() for comment in lines[first : key.line]] if first else []


def commented(params: Params, content: Mapping[str, Any], comments: Comments) -> str:
    """The text of a params.yaml that says `content`, whose sections `params` fills up, with `comments` above keys."""
    filled = {name: content.get(name, {}) if name in START else getattr(params, name) for name in ORDER}
    notes = {(name,): _first_line(filled[name]) for name in ORDER} | {("tables",): _note(Params, "tables")}
    sections = (line for name in ORDER for line in _lines((name,), filled[name], comments, notes[name,]))
    return "\n".join([EDITORS, *comments.get((), ()), *sections]) + "\n"


def _lines(place: Place, value: Any, comments: Comments, note: str = "") -> Iterator[str]:
    """The lines of one key. Sections and what holds entries are blocks; an entry and a value stay on one line.

    Its `note` of the schema stands behind it, or above where that is too long.
    """
    indent = "  " * (len(place) - 1)
    block = _block(value, len(place))
    first, *more = [""] if block else _flow(value, WIDTH - len(indent) - len(place[-1])).splitlines()
    line = f"{indent}{place[-1]}:{' ' if first else ''}{first}"
    behind = note and not more and len(place) > 1 and len(line) + len(note) < WIDTH
    if note and not behind:
        yield from textwrap.wrap(note, WIDTH, initial_indent=f"{indent}# ", subsequent_indent=f"{indent}# ")
    yield from (indent + comment for comment in comments.get(place, ()))
    yield f"{line}  # {note}" if behind else line
    yield from (f"{indent}  {line.strip()}" for line in more)
    for name, under in block.items():
        about = _note(type(value), name) if isinstance(value, Closed) else ""
        yield from _lines((*place, name), under, comments, about)


def _first_line(section: Any) -> str:
    """What a section is, where a class describes it."""
    return (type(section).__doc__ or "").split("\n")[0] if isinstance(section, Closed) else ""


def _note(section: type[Closed], name: str) -> str:
    """What the schema says of a key, and the values that it may have."""
    field = section.model_fields[name]
    allowed = get_args(field.annotation) if get_origin(field.annotation) is Literal else ()
    words = [field.description or "", f"({' | '.join(allowed)})" if allowed else ""]
    return " ".join(filter(None, words))


def _block(value: Any, depth: int) -> Mapping[str, Any]:
    """What stands below a key on lines of its own; nothing where the key has a value."""
    if isinstance(value, Closed):
        return {name: getattr(value, name) for name in _shown(value)}
    return value if isinstance(value, Mapping) and depth == 1 else {}


def _shown(section: Closed) -> list[str]:
    """The keys of a section, without those of another `source` than the chosen one (raw.vg of scenes)."""
    fields = type(section).model_fields
    sources = get_args(fields["source"].annotation) if "source" in fields else ()
    return [name for name in fields if name not in sources or name == getattr(section, "source", "")]


def _flow(value: Any, width: int) -> str:
    plain = list(value) if isinstance(value, tuple) else value
    text: str = yaml.safe_dump(
        plain, default_flow_style=True, sort_keys=False, allow_unicode=True, width=width
    )
    return text.removesuffix("...\n").strip()
