"""Groups: an actor with what carries it and what it handles, drawn together in local units (ground at height 0).

Marks belong to no object, as in comics: lines of speed, of sight, of a parking bay.
"""

from dataclasses import dataclass, field

import numpy as np

from relclip.raw.scenes import cloth, items
from relclip.raw.scenes.furniture import FURNITURE
from relclip.raw.scenes.painters import colour_of
from relclip.raw.scenes.sketch import BLACK, COLOURS, WHITE, Sketch, blend

FRONT = 30  # a layer before any actor
SIGHT_COLOUR = (236, 48, 48)
SURFING = "surfing"  # a ground fact's placeholder: what is ridden here needs a wave


@dataclass
class Part:
    """One object of a group."""

    name: str
    sketch: Sketch
    colour: str = ""


@dataclass
class Group:
    """Parts; true facts between them by number; facts of parts with the ground; marks that belong to no object."""

    parts: list[Part] = field(default_factory=list)
    facts: list[tuple[int, str, int]] = field(default_factory=list)
    ground: list[tuple[int, str]] = field(default_factory=list)
    marks: list[Sketch] = field(default_factory=list)

    def add(self, name: str, sketch: Sketch, colour: str = "") -> int:
        """Add a part; return its number."""
        self.parts.append(Part(name, sketch, colour))
        return len(self.parts) - 1

    def bounds(self) -> tuple[float, float, float, float]:
        """The box around all parts: x1, y1, x2, y2 in local units."""
        lefts, tops, rights, bottoms = zip(*(part.sketch.bounds() for part in self.parts), strict=True)
        return min(lefts), min(tops), max(rights), max(bottoms)


@dataclass(frozen=True)
class Plan:
    """Who does what: an actor, what carries it and how, what it handles and how."""

    actor: str
    support: str = "ground"
    resting: str = "standing on"
    item: str = ""
    handling: str = ""


def vehicle(name: str, how: str, rng: np.random.Generator) -> Group:
    """A vehicle alone: parked in a marked bay, fallen over ("lying on"), or driving past ("none")."""
    group, colour = Group(), colour_of(name, rng)
    shade = COLOURS[colour]
    sketch = FURNITURE[name](shade) if name in FURNITURE else items.ITEMS[name](shade).on_its_base()
    if how == "lying on":
        sketch = sketch.moved(flatten=0.45).moved(turn=-16).on_its_base()
    number = group.add(name, sketch, colour)
    group.marks += {"parked on": [bay(sketch)], "none": [speed(sketch)]}.get(how, [])
    if how != "none":
        group.ground.append((number, how))
    return group


def furniture(name: str, rng: np.random.Generator) -> Group:
    """A piece of furniture alone, or a towel spread on the ground."""
    group, colour = Group(), colour_of(name, rng)
    sketch = cloth.towel_spread(COLOURS[colour]) if name == "towel" else FURNITURE[name](COLOURS[colour])
    number = group.add(name, sketch, colour)
    if name == "towel":
        group.ground.append((number, "lying on"))
    return group


def bay(sketch: Sketch) -> Sketch:
    """The white lines of a parking bay around what stands there."""
    low_x, _, high_x, _ = sketch.bounds()
    corners = (low_x - 0.02 - 0.14j, low_x - 0.1 + 0.07j, high_x + 0.02 + 0.07j, high_x + 0.1 - 0.14j)
    marks = Sketch().line(blend(WHITE, BLACK, 0.35), 0.05, *corners, layer=-6)
    return marks.line(WHITE, 0.034, *corners, layer=-5)


def speed(sketch: Sketch) -> Sketch:
    """Three lines behind something that moves to the right."""
    low_x, low_y, _, high_y = sketch.bounds()
    marks = Sketch()
    for part, length in ((0.3, 0.16), (0.55, 0.24), (0.8, 0.16)):
        y = low_y + (high_y - low_y) * part
        ends = (complex(low_x - 0.04 - length, y), complex(low_x - 0.04, y))
        marks.line(blend(WHITE, BLACK, 0.5), 0.03, *ends, layer=FRONT).line(WHITE, 0.018, *ends, layer=FRONT)
    return marks


def sight(eye: complex, target: complex, reach: float = 1.0) -> Sketch:
    """Dashes from an eye towards what it looks at, over that part of the way."""
    marks, way = Sketch(), (target - eye) * reach
    for start in (0.2, 0.42, 0.64):
        marks.line(SIGHT_COLOUR, 0.02, eye + way * start, eye + way * (start + 0.11), layer=FRONT)
    return marks
