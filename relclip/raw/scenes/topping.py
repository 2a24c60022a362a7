"""Things put on top of a host or on the ground: standing, sitting or lying there."""

import numpy as np

from relclip.raw.scenes import animals, cloth, items, plants
from relclip.raw.scenes.chance import happens
from relclip.raw.scenes.painters import colour_of, lying, paint
from relclip.raw.scenes.palette import COLOURS, SNOW, SNOW_SHADE
from relclip.raw.scenes.places import Placed, along_free, is_ground, on_ground
from relclip.raw.scenes.scene import Thing
from relclip.raw.scenes.sketch import Sketch

SIZES = {"bike": 0.7, "surfboard": 0.9}  # on top of something, against the size on the ground
POSTURES = {"sitting on": "sitting", "lying on": "lying"}


def sitting_on(thing: Thing, name: str, rng: np.random.Generator) -> Placed:
    """An animal that sits on the host."""
    return _put(thing, name, "sitting on", rng)


def standing_on(thing: Thing, name: str, rng: np.random.Generator) -> Placed:
    """An animal on its legs, or a thing upright: a laptop open, an umbrella as a shade, flowers in a pot."""
    return _put(thing, name, "standing on", rng)


def lying_on(thing: Thing, name: str, rng: np.random.Generator) -> Placed:
    """An animal at rest, or a thing flat on its side."""
    return _put(thing, name, "lying on", rng)


def _put(thing: Thing, name: str, predicate: str, rng: np.random.Generator) -> Placed:
    ground = is_ground(thing)
    at = on_ground(thing, rng) if ground else along_free(thing, "top", rng)
    if at is None:
        return None
    colour = "white" if name == "snow" else colour_of(name, rng)
    sketch = upright(name, colour, predicate, rng)
    mirror = happens(rng, 0.5) and name != "laptop"
    if ground:
        return sketch.moved(at, thing.scale, mirror=mirror), colour, at.imag
    scale = thing.scale * SIZES.get(name, 1.0)
    return sketch.moved(at, scale, mirror=mirror), colour, thing.depth


def upright(name: str, colour: str, predicate: str, rng: np.random.Generator) -> Sketch:
    """The thing as it stands, sits or lies, its base at the origin."""
    shade = COLOURS[colour]
    special = {
        ("towel", "lying on"): lambda: cloth.towel_folded(shade),
        ("snow", "lying on"): heap,
        ("laptop", "standing on"): lambda: items.laptop_open(shade),
        ("umbrella", "standing on"): lambda: items.umbrella_open(shade).moved(scale=1.5),
        ("flower", "standing on"): lambda: _potted(plants.flower(shade)),
        ("surfboard", "standing on"): lambda: items.surfboard(shade).moved(turn=-90),
    }
    if (name, predicate) in special:
        return special[name, predicate]().on_its_base()
    sketch = paint(name, colour, rng, POSTURES.get(predicate, "standing"))
    if predicate == "lying on" and name not in animals.BUILDS:
        return lying(name, sketch)
    return sketch.on_its_base()


def _potted(flower: Sketch) -> Sketch:
    pot = Sketch().polygon((70, 120, 190), -0.08 - 0.15j, 0.08 - 0.15j, 0.055 + 0j, -0.055 + 0j)
    return flower.moved(-0.12j).add(pot)


def heap() -> Sketch:
    """A small heap of snow."""
    points = (-0.28 + 0j, -0.22 - 0.1j, -0.1 - 0.13j, 0.0 - 0.21j, 0.1 - 0.15j, 0.22 - 0.1j, 0.28 + 0j)
    return Sketch().polygon(SNOW, *points).line(SNOW_SHADE, 0.03, -0.18 - 0.03j, 0.18 - 0.03j)
