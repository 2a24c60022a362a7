"""Attachments: a small thing placed on a host already in the picture, where and how the predicate says."""

from collections.abc import Callable

import numpy as np

from relclip.raw.scenes.covering import covering
from relclip.raw.scenes.fixing import flying, hanging, mounted, painted
from relclip.raw.scenes.growing import growing
from relclip.raw.scenes.places import Placed
from relclip.raw.scenes.scene import Scene, Thing
from relclip.raw.scenes.sketch import Sketch
from relclip.raw.scenes.topping import lying_on, sitting_on, standing_on
from relclip.raw.scenes.world import INVERSE

PLACES: dict[str, Callable[[Thing, str, np.random.Generator], Placed]] = {
    "sitting on": sitting_on,
    "standing on": standing_on,
    "lying on": lying_on,
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
    number = scene.add(Thing(name, sketch.moved(layer=level * LAYERS), depth, thing.scale, colour, level))
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
