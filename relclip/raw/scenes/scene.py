"""What a composed picture is: things with sketches, every true fact between them, and what of both can be seen."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from PIL import Image, ImageDraw

from relclip.raw.scenes.sketch import Shape, Sketch

SIDE = 96  # pixels of the map of who is seen where
HIDDEN, HARDLY = 0.04, 0.13  # visible pixels over the area of all shapes (they overlap, so 0.5 is much)
COVERED = {"covering": "object", "covered in": "subject"}  # the side that is hidden by the fact itself


@dataclass
class Thing:
    """One drawn object. `sketch` is in pictures (0..1); `scale` is a person's height there; `depth` grows to the front;
    `level` counts the hosts below an attachment."""

    name: str
    sketch: Sketch
    depth: float
    scale: float
    colour: str = ""
    level: int = 0
    taken: dict[str, list[float]] = field(default_factory=dict)


@dataclass(frozen=True)
class Fact:
    """Numbers of the subject's and the object's thing, and a predicate that is true of them."""

    subject: int
    predicate: str
    object: int


@dataclass
class Scene:
    """Things in the order they were made, marks that belong to no object (drawn only), and all true facts."""

    setting: str
    things: list[Thing] = field(default_factory=list)
    marks: list[tuple[float, Sketch]] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)

    def add(self, thing: Thing) -> int:
        """Add a thing; return its number."""
        self.things.append(thing)
        return len(self.things) - 1

    def layers(self) -> list[tuple[float, Sketch]]:
        """Depth and sketch of each thing."""
        return [(thing.depth, thing.sketch) for thing in self.things]

    def tell(self, subject: int, predicate: str, thing: int) -> None:
        """Add a fact once."""
        fact = Fact(subject, predicate, thing)
        if fact not in self.facts:
            self.facts.append(fact)


def in_order(layers: Iterable[tuple[float, Sketch]]) -> list[tuple[int, Shape]]:
    """The shapes of sketches at their depths as they are painted, those behind first: (number of the sketch, shape)."""
    keyed = [
        (depth, shape.layer, n, shape) for n, (depth, sketch) in enumerate(layers) for shape in sketch.shapes
    ]
    return [(number, shape) for _, _, number, shape in sorted(keyed, key=lambda entry: entry[:2])]


def without_hidden(scene: Scene) -> Scene:
    """Return the scene without hidden things and without facts that nobody could see; numbers are made anew."""
    shares = visible_shares(scene)
    covered = {fact.object for fact in scene.facts if fact.predicate == "covering"}
    kept = [n for n in range(len(scene.things)) if shares[n] >= HIDDEN or n in covered]
    anew = {old: new for new, old in enumerate(kept)}
    facts = [
        Fact(anew[fact.subject], fact.predicate, anew[fact.object])
        for fact in scene.facts
        if fact.subject in anew and fact.object in anew and _seen(fact, shares)
    ]
    return Scene(scene.setting, [scene.things[n] for n in kept], scene.marks, facts)


def visible_shares(scene: Scene) -> np.ndarray:
    """Each thing's visible pixels over the area of its shapes, (N,) float64."""
    picture = Image.new("I", (SIDE, SIDE), len(scene.things))
    pen = ImageDraw.Draw(picture)
    for number, shape in in_order(scene.layers()):
        points = shape.pixels(SIDE)
        if shape.width:
            pen.line(points, fill=number, width=max(1, round(shape.width * SIDE)))
        else:
            pen.polygon(points, fill=number)
    pixels = np.bincount(np.asarray(picture).ravel(), minlength=len(scene.things) + 1)[:-1]
    return pixels / np.maximum([_area(thing) for thing in scene.things], 1e-9)


def _seen(fact: Fact, shares: np.ndarray) -> bool:
    hidden_side = COVERED.get(fact.predicate)
    ends = {"subject": shares[fact.subject], "object": shares[fact.object]}
    return all(share >= HARDLY for side, share in ends.items() if side != hidden_side)


def _area(thing: Thing) -> float:
    return sum(_shape_area(shape) for shape in thing.sketch.shapes) * SIDE * SIDE


def _shape_area(shape: Shape) -> float:
    points = shape.points
    if shape.width:
        return shape.width * sum(abs(b - a) for a, b in pairwise(points))
    next_ones = (*points[1:], points[0])
    twice = sum([a.real * b.imag - a.imag * b.real for a, b in zip(points, next_ones, strict=True)])
    return abs(twice) / 2
