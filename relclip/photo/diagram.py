"""The graph alone: as DOT for Graphviz, as SVG for browsers and papers."""

from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape, quoteattr

from relclip.photo.colours import text_on
from relclip.photo.drawing import font_for
from relclip.photo.graph import SceneGraph, printable, two_digits
from relclip.photo.layout import layered
from relclip.photo.placing import Point, Size

FONT, HEIGHT, PAD = 15, 30.0, 13.0
_STYLE = """.g-object rect{fill:#fff;stroke:#51606f;stroke-width:1.5}.g-object text{fill:#14191f}
.g-edge{fill:none;stroke-width:2;stroke-linejoin:round}.g-sheet text{font:15px system-ui,sans-serif;text-anchor:middle;
dominant-baseline:central}@media (prefers-color-scheme:dark){.g-object rect{fill:#1c232b;stroke:#9aa7b5}
.g-object text{fill:#e6eaf0}}"""


def to_dot(graph: SceneGraph, palette: Mapping[str, str], top: int) -> str:
    """The first `top` relations and their objects in Graphviz's language."""
    relations, rows = graph.first(top)
    lines = [
        f"digraph {_quoted(graph.photo)} {{",
        '  node [shape=box, style=rounded, fontname="sans-serif"];',
    ]
    lines += [f"  o{row} [label={_quoted(graph.objects[row].label)}];" for row in rows]
    for one in relations:
        label = _quoted(f"{one.predicate} {two_digits(one.score)}")
        lines.append(f'  o{one.subject} -> o{one.object} [label={label}, color="{palette[one.predicate]}"];')
    return "\n".join([*lines, "}", ""])


def to_svg(graph: SceneGraph, palette: Mapping[str, str], top: int) -> str:
    """The same as SVG: objects as boxes, each relation's predicate as a pill between its two; layered top to bottom."""
    relations, rows = graph.first(top)
    place = {row: number for number, row in enumerate(rows)}
    texts = [graph.objects[row].label for row in rows] + [one.predicate for one in relations]
    edges = []
    for number, one in enumerate(relations, len(rows)):
        edges += [(place[one.subject], number), (number, place[one.object])]
    sizes = [_size(text) for text in texts]
    found = layered(sizes, edges)
    parts = []
    for number, one in enumerate(relations):
        for half in (0, 1):
            line = found.lines[2 * number + half]
            parts.append(_edge(line, number, palette[one.predicate], half))
    for number, row in enumerate(rows):
        parts.append(
            _node(
                texts[number], found.centres[number], sizes[number], f'class="g-object" data-object="{row}"'
            )
        )
    for number, one in enumerate(relations):
        spot, colour = len(rows) + number, palette[one.predicate]
        kind = f'class="g-predicate" data-relation="{number}"'
        parts.append(_node(texts[spot], found.centres[spot], sizes[spot], kind, (colour, text_on(colour))))
    return _sheet(found.size if texts else (260.0, 60.0), parts or [_nothing()], graph.photo)


def _size(text: str) -> Size:
    return font_for(text, FONT).getlength(text) * 1.1 + 2 * PAD, HEIGHT


def _edge(line: Sequence[Point], number: int, colour: str, half: int) -> str:
    """A piece of an arrow; the second has the head."""
    points = " L".join(f"{x:.1f},{y:.1f}" for x, y in line)
    head = f' marker-end="url(#head-{colour[1:]})"' if half else ""
    return f'<path class="g-edge" data-relation="{number}" stroke="{colour}" d="M{points}"{head}/>'


def _node(text: str, at: Point, size: Size, kind: str, colours: tuple[str, str] | None = None) -> str:
    x, y = at[0] - size[0] / 2, at[1] - size[1] / 2
    radius = size[1] / 2 if colours else 5
    fill, ink = (f' fill="{colours[0]}"', f' fill="{colours[1]}"') if colours else ("", "")
    box = f'<rect x="{x:.1f}" y="{y:.1f}" width="{size[0]:.1f}" height="{size[1]:.1f}" rx="{radius:.0f}"{fill}/>'
    return f'<g {kind}>{box}<text x="{at[0]:.1f}" y="{at[1]:.1f}"{ink}>{escape(printable(text))}</text></g>'


def _nothing() -> str:
    return '<g class="g-object"><text x="130" y="30">no relation found</text></g>'


def _sheet(size: Size, parts: Sequence[str], title: str) -> str:
    used = sorted({part.split("head-")[1][:6] for part in parts if "head-" in part})
    heads = "".join(
        f'<marker id="head-{name}" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="6" markerHeight="6" '
        f'orient="auto"><path d="M0,0 L10,5 L0,10 z" fill="#{name}"/></marker>'
        for name in used
    )
    label = quoteattr(printable(f"Scene graph of {title}"))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="g-sheet" viewBox="0 0 {size[0]:.0f} {size[1]:.0f}" '
        f'width="{size[0]:.0f}" height="{size[1]:.0f}" role="img" aria-label={label}>'
        f"<style>{_STYLE}</style><defs>{heads}</defs>"
        f"{''.join(parts)}</svg>\n"
    )


def _quoted(text: str) -> str:
    """A string of DOT: quotes, backslashes and line ends cannot end it."""
    return '"' + printable(text).replace("\\", "\\\\").replace('"', '\\"') + '"'
