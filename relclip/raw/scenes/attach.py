"""Attachments: a small thing placed on a host already in the picture, where and how the predicate says."""

from collections.abc import Callable
from functools import partial

import numpy as np

from relclip.raw.scenes import items
from relclip.raw.scenes.fixing import flying, hanging, mounted, painted
from relclip.raw.scenes.painters import colour_of
from relclip.raw.scenes.places import Placed, along_free, is_ground, on_face, on_ground
from relclip.raw.scenes.scene import Scene, Thing
from relclip.raw.scenes.sketch import COLOURS, DARK_WOOD, GREEN, Sketch
from relclip.raw.scenes.topping import covering, put
from relclip.raw.scenes.world import INVERSE

SOIL = (112, 76, 44)
FIR = (30, 104, 60)
CLIMBED = ("building", "pole", "window")


def growing(thing: Thing, name: str, rng: np.random.Generator) -> Placed:
    """Let it grow where the host allows."""
    colour = "green" if name == "tree" else colour_of(name, rng)
    at = _spot(thing, rng)
    if at is None:
        return None
    if name == "tree":
        return _fir().moved(at, thing.scale * 0.7), colour, thing.depth
    plant = items.ITEMS[name](COLOURS[colour])
    if is_ground(thing):
        return _tuft().add(plant.moved(-0.02j, scale=1.3)).moved(at, thing.scale), colour, at.imag
    if thing.name == "roof":
        return plant.moved(at, thing.scale * 1.2), colour, thing.depth
    sketch = _vine(plant) if thing.name in CLIMBED else _twig(name, plant)
    return sketch.moved(at, thing.scale), colour, thing.depth


def _spot(thing: Thing, rng: np.random.Generator) -> complex | None:
    if is_ground(thing):
        return on_ground(thing, rng)
    segment = {"mountain": "slope", "roof": "top"}.get(thing.name)
    return along_free(thing, segment, rng) if segment else on_face(thing, rng)


def _tuft() -> Sketch:
    soil = Sketch().oval(SOIL, 0j, 0.15, 0.045)
    return soil.oval(GREEN, -0.1 - 0.03j, 0.06, 0.035).oval(GREEN, 0.1 - 0.03j, 0.06, 0.035)


def _fir() -> Sketch:
    sketch = Sketch().line(DARK_WOOD, 0.09, 0.05j, -0.15j)
    for y, half in ((-0.1, 0.24), (-0.3, 0.19), (-0.48, 0.14)):
        sketch.polygon(FIR, complex(-half, y), complex(0, y - 0.3), complex(half, y))
    return sketch


def _vine(plant: Sketch) -> Sketch:
    """A winding green stem with three leaves or blossoms."""
    sketch = Sketch().line(GREEN, 0.034, 0.38j, 0.07 + 0.2j, -0.05 + 0.06j, 0.06 - 0.08j, 0.0 - 0.22j)
    for spot, turn in ((0.08 + 0.2j, 60), (-0.06 + 0.05j, -60), (0.0 - 0.2j, 0)):
        sketch.add(plant.moved(spot, scale=0.8, turn=turn))
    return sketch


def _twig(name: str, plant: Sketch) -> Sketch:
    """A short brown twig that bears a bunch of bananas, two leaves or two blossoms."""
    sketch = Sketch().line(DARK_WOOD, 0.045, -0.2 + 0.14j, -0.05 + 0.05j, 0.1 + 0.02j)
    if name == "banana":
        for turn in (60, 85, 110):
            sketch.add(plant.moved(0.1 + 0.13j, scale=0.8, turn=turn))
        return sketch
    sketch.add(plant.moved(-0.06 + 0.05j, scale=0.96, turn=-25))
    return sketch.add(plant.moved(0.1 + 0.02j, turn=35))


PLACES: dict[str, Callable[[Thing, str, np.random.Generator], Placed]] = {
    **{how: partial(put, predicate=how) for how in ("sitting on", "standing on", "lying on")},
    "hanging from": hanging,
    "mounted on": mounted,
    "painted on": painted,
    "growing on": growing,
    "covering": covering,
    "flying in": flying,
}
WRITTEN = ("painted on", "mounted on")
LAYERS = 100  # more than any one thing has
IN_PICTURE = 0.75  # of a thing's width and of its height


def attach(scene: Scene, host: int, name: str, predicate: str, rng: np.random.Generator) -> bool:
    """Add `name` to the host by the predicate, and the facts; false where the host has no free place for it."""
    thing = scene.things[host]
    placed = PLACES[predicate](thing, name, rng)
    if placed is None:
        return False
    sketch, colour, depth = placed
    if not _in_picture(sketch):
        return False
    level = thing.level + 1
    sketch = sketch.moved(layer=level * LAYERS)
    number = scene.add(Thing(name, sketch, depth, thing.scale, colour=colour, level=level))
    scene.tell(number, predicate, host)
    if predicate in INVERSE:
        scene.tell(host, INVERSE[predicate], number)
    if name == "letter" and thing.name in {"sign", "laptop"} and predicate in WRITTEN:
        scene.tell(host, "says", number)
    return True


def _in_picture(sketch: Sketch) -> bool:
    """Whether most of its box lies in the picture."""
    low_x, low_y, high_x, high_y = sketch.bounds()
    width, height = min(high_x, 1.0) - max(low_x, 0.0), min(high_y, 1.0) - max(low_y, 0.0)
    return width > IN_PICTURE * (high_x - low_x) and height > IN_PICTURE * (high_y - low_y)
