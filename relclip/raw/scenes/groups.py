"""Groups: an actor with what carries it and what it handles, drawn together in local units (ground at height 0)."""

from dataclasses import dataclass, field

import numpy as np

from relclip.raw.scenes import cloth, items
from relclip.raw.scenes.furniture import FURNITURE
from relclip.raw.scenes.marks import bay, speed
from relclip.raw.scenes.painters import colour_of
from relclip.raw.scenes.palette import COLOURS
from relclip.raw.scenes.sketch import Sketch

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
        boxes = [part.sketch.bounds() for part in self.parts]
        return (
            min(b[0] for b in boxes),
            min(b[1] for b in boxes),
            max(b[2] for b in boxes),
            max(b[3] for b in boxes),
        )


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
