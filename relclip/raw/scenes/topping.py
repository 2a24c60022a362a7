"""Things put on top of a host or on the ground, or over much of the host: snow, a cloth, an umbrella, many leaves."""

import numpy as np

from relclip.raw.scenes import animals, cloth, items, plants
from relclip.raw.scenes.chance import between, happens
from relclip.raw.scenes.painters import colour_of, lying, paint
from relclip.raw.scenes.places import Placed, along_free, is_ground, on_ground
from relclip.raw.scenes.scene import Thing
from relclip.raw.scenes.sketch import (
    BLACK,
    COLOURS,
    SNOW,
    SNOW_SHADE,
    WHITE,
    Colour,
    Pair,
    Sketch,
    blend,
    within,
)

ROWS = 3
SIZES = {"bike": 0.7, "surfboard": 0.9}  # on top of something, against the size on the ground
POSTURES = {"sitting on": "sitting", "lying on": "lying"}


def put(thing: Thing, name: str, rng: np.random.Generator, predicate: str) -> Placed:
    """An animal that stands, sits or lies on the host; a thing upright (a laptop open), or flat on its side."""
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


def covering(thing: Thing, name: str, rng: np.random.Generator) -> Placed:
    """Cover a host that nothing lies on yet, or a patch of the ground."""
    colour = "white" if name == "snow" else colour_of(name, rng)
    if is_ground(thing):
        return _patch(thing, name, colour, rng)
    if any(thing.taken.get(anchor) for anchor in ("cover", "top")) or "cover" not in thing.sketch.anchors:
        return None
    thing.taken["cover"] = [0.5]
    thing.taken["top"] = [0.0, 0.25, 0.5, 0.75, 1.0]
    return _hide(thing, name, colour, rng), colour, thing.depth


def _hide(thing: Thing, name: str, colour: str, rng: np.random.Generator) -> Sketch:
    region = _tidy(thing.sketch.anchors["cover"])
    if name == "snow" and thing.name == "mountain":
        return _snow_cap(thing.sketch.anchors["peak"])
    if name == "snow" and thing.name == "tree":
        return _snow_crown(region, thing.scale)
    if name == "snow":
        return _snow_layer(region, thing.scale, rng)
    if name == "umbrella":
        return items.umbrella_open(COLOURS[colour]).moved(within(region, 0.5, 0.05), thing.scale * 1.7)
    if name == "towel":
        return _cloth(region, COLOURS[colour])
    return _strewn(name, colour, region, thing.scale, rng)


def _patch(thing: Thing, name: str, colour: str, rng: np.random.Generator) -> Placed:
    at = on_ground(thing, rng)
    if at is None:
        return None
    half = (0.62 + 0.15j) * thing.scale
    if name == "snow":
        sketch = Sketch().oval(SNOW_SHADE, at + 0.012j, half.real, half.imag)
        sketch.oval(SNOW, at, half.real, half.imag * 0.9)
    elif name == "towel":
        sketch = cloth.towel_spread(COLOURS[colour]).moved(at, thing.scale)
    else:
        sketch = _strewn(name, colour, (at - half, at + half), thing.scale, rng)
    return sketch, colour, thing.depth + 0.0001


def _tidy(region: Pair) -> Pair:
    """The same rectangle from its left top (a mirrored host has its corners swapped)."""
    low = complex(min(region[0].real, region[1].real), min(region[0].imag, region[1].imag))
    return low, complex(max(region[0].real, region[1].real), max(region[0].imag, region[1].imag))


def _strewn(name: str, colour: str, region: Pair, scale: float, rng: np.random.Generator) -> Sketch:
    """Leaves or flowers all over a rectangle."""
    sketch, bloom = Sketch(), items.ITEMS[name](COLOURS[colour]).moved(0.17j)
    columns = max(3, round((region[1] - region[0]).real / (0.2 * scale)))
    for place in range(ROWS * columns):
        across = (place % columns + between(rng, 0.15, 0.85)) / columns
        down = (place // columns + between(rng, 0.2, 0.8)) / ROWS
        sketch.add(bloom.moved(within(region, across, down), scale * 0.66, turn=between(rng, -80, 80)))
    return sketch


def _snow_layer(region: Pair, scale: float, rng: np.random.Generator) -> Sketch:
    """A thick white layer with round bumps above and drips below."""
    sketch, thick = Sketch(), 0.14 * scale
    steps = max(4, round((region[1] - region[0]).real / (0.13 * scale)))
    for step in range(steps + 1):
        top = within(region, step / steps, 0.0)
        end = within(region, step / steps, between(rng, 0.3, 0.85))
        sketch.line(SNOW_SHADE, thick, top, end + 0.02j * scale)
    for step in range(steps + 1):
        top = within(region, step / steps, 0.0)
        end = sketch.shapes[step].points[1] - 0.05j * scale
        sketch.line(SNOW, thick, top, complex(end.real, max(end.imag, top.imag)))
    return sketch


def _snow_crown(region: Pair, scale: float) -> Sketch:
    """Snow on the upper side of a round crown."""
    sketch, centre = Sketch(), within(region, 0.5, 0.5)
    for shade, sink in ((SNOW_SHADE, 0.04j), (SNOW, 0j)):
        for spot, radius in ((-0.27 + 0.02j, 0.25), (0.28 + 0.02j, 0.25), (-0.08j, 0.3)):
            sketch.oval(shade, centre + (spot - 0.03j + sink) * scale, radius * scale, radius * 0.86 * scale)
    return sketch


def _snow_cap(slope: Pair) -> Sketch:
    """The white upper part of a mountain with a jagged edge."""
    foot, peak = slope
    other = complex(2 * (peak.real * 0.93 + foot.real * 0.07) - foot.real, foot.imag)
    left, right = peak + (foot - peak) * 0.6, peak + (other - peak) * 0.6
    tooth = (foot - peak).imag * 0.15
    edge = [right + (left - right) * place / 6 - (1j * tooth if place % 2 else 0) for place in range(1, 6)]
    return Sketch().polygon(SNOW, left, peak, right, *edge)


def _cloth(region: Pair, shade: Colour) -> Sketch:
    """A striped cloth over all of the region, a little wider below, with a waved hem."""
    spread = 0.03 * (region[1] - region[0]).real
    low = [
        within(region, 1 - step / 8, 1.0 if step % 2 else 0.92) + spread * (1 - step / 4) for step in range(9)
    ]
    sketch = Sketch().polygon(shade, region[0], within(region, 1, 0), *low)
    stripe = blend(shade, WHITE, 0.65)
    for across in (0.2, 0.5, 0.8):
        sketch.box(stripe, within(region, across - 0.05, 0), within(region, across + 0.05, 0.93))
    return sketch.line(blend(shade, BLACK, 0.35), spread * 0.3, *low)
