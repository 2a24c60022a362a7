"""Free places on a host: along a segment, on a face, on the ground; what is there already keeps its distance."""

import numpy as np

from relclip.raw.scenes.scene import Thing
from relclip.raw.scenes.sketch import Sketch, along, within

GROUNDS = ("street", "sidewalk", "beach", "hill", "snow")
APART, APART_ON_FACE = 0.3, 0.44  # least distances, heights of a person
APART_ON_GROUND = 0.1  # pictures
TRIES = 8

Placed = tuple[Sketch, str, float] | None
"""A sketch in pictures, its colour's name and its depth; None where the host has no free place."""


def is_ground(thing: Thing) -> bool:
    """Whether small things can stand on it (snow is a ground or a layer on something)."""
    return thing.name in GROUNDS and "ground" in thing.sketch.anchors


def along_free(thing: Thing, anchor: str, rng: np.random.Generator) -> complex | None:
    """Draw a free point on a segment of the host."""
    if anchor not in thing.sketch.anchors:
        return None
    pair = thing.sketch.anchors[anchor]
    length = max(abs((pair[1] - pair[0]).real), 1e-6)
    taken = thing.taken.setdefault(anchor, [])
    for _ in range(TRIES):
        spot = float(rng.random())
        if all(abs(spot - other) * length > APART * thing.scale for other in taken):
            taken.append(spot)
            return along(pair, spot)
    return None


def on_face(thing: Thing, rng: np.random.Generator) -> complex | None:
    """Draw a free point of the host's face."""
    if "face" not in thing.sketch.anchors:
        return None
    taken = thing.taken.setdefault("face", [])
    for _ in range(TRIES):
        point = within(thing.sketch.anchors["face"], float(rng.random()), float(rng.random()))
        others = zip(taken[::2], taken[1::2], strict=True)
        if all(abs(point - complex(*other)) > APART_ON_FACE * thing.scale for other in others):
            taken.extend((point.real, point.imag))
            return point
    return None


def on_ground(thing: Thing, rng: np.random.Generator) -> complex | None:
    """Draw a free point of a ground."""
    taken = thing.taken.setdefault("ground", [])
    for _ in range(TRIES):
        point = within(thing.sketch.anchors["ground"], float(rng.random()), float(rng.random()))
        if all(abs(point.real - other) > APART_ON_GROUND for other in taken):
            taken.append(point.real)
            return point
    return None
