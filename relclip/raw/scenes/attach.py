"""Attachments: small things placed on a host already in the picture, where and how the predicate says."""

import numpy as np

from relclip.raw.scenes import animals, items
from relclip.raw.scenes.chance import between, happens, one_of
from relclip.raw.scenes.painters import colour_of, lying, paint
from relclip.raw.scenes.palette import BLACK, BROWN, COLOURS, GREEN, ROPE, SNOW, SNOW_SHADE, STEEL, WHITE, YELLOW
from relclip.raw.scenes.scene import Scene, Thing
from relclip.raw.scenes.sketch import Pair, Sketch, along, blend, within
from relclip.raw.scenes.world import INVERSE

ON_HOST = 40  # layer above the host's own
GROUNDS = ("street", "sidewalk", "beach", "hill", "snow")
APART = 0.3  # least distance of two things on the same anchor, heights of a person


def attach(scene: Scene, host: int, name: str, predicate: str, rng: np.random.Generator) -> bool:
    """Add `name` to the host by the predicate; false where the host has no free place for it."""
    thing = scene.things[host]
    placed = PLACES[predicate](thing, name, rng)
    if placed is None:
        return False
    sketch, colour, depth = placed
    number = scene.add(Thing(name, sketch, depth, thing.scale, colour))
    scene.tell(number, predicate, host)
    if predicate in INVERSE:
        scene.tell(host, INVERSE[predicate], number)
    if name == "letter" and thing.name in {"sign", "laptop"}:
        scene.tell(host, "says", number)
    return True


Placed = tuple[Sketch, str, float] | None


def _free(thing: Thing, anchor: str, rng: np.random.Generator, room: float = APART) -> float | None:
    """Draw a fraction along an anchor that is far enough from what is there already; None when it is full."""
    if anchor not in thing.sketch.anchors:
        return None
    pair = thing.sketch.anchors[anchor]
    length = max(abs((pair[1] - pair[0]).real), 1e-6)
    taken = thing.taken.setdefault(anchor, [])
    for _ in range(6):
        spot = float(rng.random())
        if all(abs(spot - other) * length > room * thing.scale for other in taken):
            taken.append(spot)
            return spot
    return None


def _posture(name: str, predicate: str) -> str:
    return {"sitting on": "sitting", "lying on": "lying"}.get(predicate, "standing")


def _upright(name: str, colour: str, predicate: str, rng: np.random.Generator) -> Sketch:
    """The thing as it stands, sits or lies, its base at the origin."""
    if predicate == "lying on" and name == "towel":
        return items.towel_folded(COLOURS[colour]).on_its_base()
    if predicate == "lying on" and name == "snow":
        return _heap()
    if predicate == "standing on" and name == "laptop":
        return items.laptop_open(COLOURS[colour]).on_its_base()
    if predicate == "standing on" and name == "umbrella":
        return items.umbrella_open(COLOURS[colour]).moved(scale=1.5).on_its_base()
    if predicate == "standing on" and name == "flower":
        return _vase(paint(name, colour, rng))
    sketch = paint(name, colour, rng, _posture(name, predicate))
    if predicate == "lying on" and name not in animals.BUILDS:
        return lying(name, sketch)
    if name == "surfboard" and predicate == "standing on":
        sketch = sketch.moved(turn=-90)
    return sketch.on_its_base()


def _vase(flower: Sketch) -> Sketch:
    pot = Sketch().polygon((70, 120, 190), -0.07 - 0.14j, 0.07 - 0.14j, 0.05 + 0j, -0.05 + 0j)
    return flower.moved(-0.1j).add(pot)


def _heap() -> Sketch:
    points = (-0.26 + 0j, -0.2 - 0.08j, -0.08 - 0.1j, 0.0 - 0.17j, 0.1 - 0.11j, 0.2 - 0.09j, 0.26 + 0j)
    return Sketch().polygon(SNOW, *points).line(SNOW_SHADE, 0.025, -0.18 - 0.02j, 0.18 - 0.02j)


def _on_top(predicate: str):  # noqa: ANN202
    def place(thing: Thing, name: str, rng: np.random.Generator) -> Placed:
        colour = colour_of(name, rng) if name not in {"snow", "tree"} else "white"
        if thing.name in GROUNDS:
            return _on_ground(thing, name, predicate, colour, rng)
        if thing.name == "mountain":
            if name != "tree":
                return None
            return _fallen_tree(thing, rng)
        spot = _free(thing, "top", rng)
        if spot is None:
            return None
        sketch = _upright(name, colour, predicate, rng)
        at = along(thing.sketch.anchors["top"], spot)
        placed = sketch.moved(at, thing.scale, mirror=happens(rng, 0.5), layer=ON_HOST)
        if name == "bike":
            placed = sketch.moved(at, thing.scale * 0.7, layer=ON_HOST)
        return placed, colour, thing.depth

    return place


def _fallen_tree(thing: Thing, rng: np.random.Generator) -> Placed:
    return None


def _ground_spot(thing: Thing, rng: np.random.Generator) -> tuple[complex, float] | None:
    """A free point of a ground and a person's height there; nearer is larger."""
    low, high = thing.sketch.anchors["ground"]
    for _ in range(6):
        point = within((low, high), float(rng.random()), float(rng.random()))
        taken = thing.taken.setdefault("ground", [])
        if all(abs(point.real - other) > 0.1 for other in taken):
            taken.append(point.real)
            return point, thing.scale
    return None


def _on_ground(thing: Thing, name: str, predicate: str, colour: str, rng: np.random.Generator) -> Placed:
    spot = _ground_spot(thing, rng)
    if spot is None:
        return None
    sketch = _upright(name, colour, predicate, rng)
    return sketch.moved(spot[0], spot[1], mirror=happens(rng, 0.5)), colour, spot[0].imag


def _hanging(thing: Thing, name: str, rng: np.random.Generator) -> Placed:
    spot = _free(thing, "hook", rng)
    if spot is None:
        return None
    colour = colour_of(name, rng)
    hook, length = along(thing.sketch.anchors["hook"], spot), between(rng, 0.12, 0.22)
    body = (paint(name, colour, rng, "flying") if name == "bird" else paint(name, colour, rng)).below_its_top()
    if name in {"banana"}:
        body = body.moved(turn=90).below_its_top()
    if name == "umbrella":
        body = body.moved(turn=180).below_its_top()
    if name == "flower":
        body = _basket(colour)
    strings = Sketch()
    if name in {"sign", "letter", "plane", "towel"}:
        low_x, _, high_x, _ = body.bounds()
        for x in (low_x * 0.7, high_x * 0.7):
            strings.line(ROPE, 0.02, complex(x, 0), complex(x, length + 0.02))
    else:
        strings.line(ROPE, 0.022, 0j, complex(0, length + 0.02))
    whole = strings.add(body.moved(complex(0, length)))
    turn = 0.0 if name in {"sign", "letter", "plane", "towel"} else between(rng, -9, 9)
    return whole.moved(hook, thing.scale, turn=turn, layer=ON_HOST), colour, thing.depth


def _basket(colour: str) -> Sketch:
    """A hanging basket of flowers below the origin."""
    sketch = Sketch().polygon(BROWN, -0.12 + 0.16j, 0.12 + 0.16j, 0.07 + 0.28j, -0.07 + 0.28j)
    sketch.line(ROPE, 0.015, -0.11 + 0.16j, 0j, 0.11 + 0.16j)
    for spot in (-0.1 + 0.13j, 0.0 + 0.1j, 0.1 + 0.13j):
        sketch.disc(GREEN, spot + 0.02j, 0.06).disc(COLOURS[colour], spot, 0.05).disc(YELLOW, spot, 0.02)
    return sketch


def _face_spot(thing: Thing, rng: np.random.Generator) -> complex | None:
    if "face" not in thing.sketch.anchors:
        return None
    face = thing.sketch.anchors["face"]
    spots = thing.taken.setdefault("face", [])
    for _ in range(8):
        point = within(face, float(rng.random()), float(rng.random()))
        if all(abs(point - complex(*pair)) > 0.42 * thing.scale for pair in zip(spots[::2], spots[1::2], strict=True)):
            spots.extend((point.real, point.imag))
            return point
    return None


def _mounted(thing: Thing, name: str, rng: np.random.Generator) -> Placed:
    """Fixed by a steel plate with bolts; on a vehicle's roof by a rack."""
    colour = colour_of(name, rng)
    if name in {"surfboard", "bike"} and thing.name in {"car", "bus"}:
        return _on_rack(thing, name, colour, rng)
    at = _face_spot(thing, rng)
    if at is None:
        return None
    sketch = _centred(paint(name, colour, rng))
    if name == "surfboard":
        sketch = sketch.moved(turn=-90)
    low_x, low_y, high_x, high_y = sketch.bounds()
    plate = Sketch().box(STEEL, complex(low_x - 0.04, low_y - 0.04), complex(high_x + 0.04, high_y + 0.04))
    for corner in (low_x + low_y * 1j, high_x + low_y * 1j, low_x + high_y * 1j, high_x + high_y * 1j):
        plate.disc(WHITE, corner, 0.022)
    whole = plate.add(sketch)
    return whole.moved(at, thing.scale, layer=ON_HOST), colour, thing.depth


def _on_rack(thing: Thing, name: str, colour: str, rng: np.random.Generator) -> Placed:
    spot = _free(thing, "top", rng)
    if spot is None:
        return None
    sketch = _upright(name, colour, "mounted on", rng).moved(scale=0.7 if name == "bike" else 1.0)
    whole = Sketch()
    for x in (-0.2, 0.2):
        whole.line(BLACK, 0.03, complex(x, 0.02), complex(x, -0.1)).line(RED_STRAP, 0.03, complex(x, -0.08), complex(x, -0.26), layer=1)
    whole.line(BLACK, 0.03, -0.3 - 0.1j, 0.3 - 0.1j).add(sketch.moved(-0.1j))
    middle = along(thing.sketch.anchors["top"], 0.3 + 0.4 * spot)
    return whole.moved(middle, thing.scale, layer=ON_HOST), colour, thing.depth


RED_STRAP = (200, 30, 30)


def _centred(sketch: Sketch) -> Sketch:
    low_x, low_y, high_x, high_y = sketch.bounds()
    return sketch.moved(-complex(low_x + high_x, low_y + high_y) / 2)


def _painted(thing: Thing, name: str, rng: np.random.Generator) -> Placed:
    """A flat picture in two tones on a daub of paint with drips; on the ground it lies in perspective."""
    ground = thing.name in GROUNDS
    spot = _ground_spot(thing, rng) if ground else None
    at = spot[0] if spot else (None if ground else _face_spot(thing, rng))
    if thing.name in {"sign", "laptop"} and not ground:
        at = within(thing.sketch.anchors["face"], 0.5, 0.5)
    if at is None:
        return None
    colour = colour_of(name, rng)
    posture = "flying" if name == "bird" else "standing"
    sketch = _centred(paint(name, colour, rng, posture))
    size = {"horse": 0.45, "dog": 0.8, "bike": 0.6, "surfboard": 0.6, "plane": 0.6}.get(name, 1.0)
    if name == "letter":
        size = 0.8 if thing.name in {"sign", "laptop"} else 1.25
        contrast = YELLOW if thing.name in {"street", "tree"} else COLOURS[colour]
        sketch = sketch.tinted(contrast, 1.0)
    sketch = sketch.moved(scale=size)
    if thing.name in {"sign", "laptop"}:
        low_x, _, high_x, _ = sketch.bounds()
        fit = min(1.0, 0.36 / (high_x - low_x))
        sketch = sketch.moved(scale=fit).tinted(BLACK if colour in {"black", "red"} else WHITE, 1.0)
        return sketch.moved(at, thing.scale * (0.8 if thing.name == "laptop" else 1), layer=ON_HOST + 60), colour, thing.depth
    if name != "letter":
        sketch = _mural(sketch.tinted(COLOURS["blue"] if colour != "blue" else COLOURS["red"], 0.55))
    if ground:
        sketch = sketch.moved(flatten=0.55)
    return sketch.moved(at, thing.scale, layer=ON_HOST if not ground else 0), colour, thing.depth


def _mural(sketch: Sketch) -> Sketch:
    """A daub of pale paint behind a picture, with drips below."""
    low_x, low_y, high_x, high_y = sketch.bounds()
    pale, middle = (255, 244, 190), complex(low_x + high_x, low_y + high_y) / 2
    across, down = (high_x - low_x) / 2 + 0.07, (high_y - low_y) / 2 + 0.06
    daub = Sketch().oval(pale, middle, across, down)
    for x in (-0.5, 0.1, 0.55):
        start = middle + complex(x * across, down * 0.7)
        daub.line(pale, 0.04, start, start + 0.14j)
    return daub.add(sketch)


def _growing(thing: Thing, name: str, rng: np.random.Generator) -> Placed:
    """On the ground: with a tuft and soil; on a wall or pole: a climbing vine; on a tree: a twig from the crown."""
    colour = "green" if name == "tree" else colour_of(name, rng)
    if thing.name in GROUNDS:
        spot = _ground_spot(thing, rng)
        if spot is None:
            return None
        soil = Sketch().oval((112, 76, 44), 0j, 0.13, 0.04).oval(GREEN, -0.09 - 0.03j, 0.05, 0.03).oval(GREEN, 0.09 - 0.03j, 0.05, 0.03)
        return soil.add(_plant(name, colour).moved(scale=1.25)).moved(*spot), colour, spot[0].imag
    if thing.name == "mountain":
        return _tree_on_mountain(thing, rng)
    if thing.name == "roof":
        spot = _free(thing, "top", rng)
        if spot is None:
            return None
        return _plant(name, colour).moved(along(thing.sketch.anchors["top"], spot), thing.scale, layer=ON_HOST), colour, thing.depth
    at = _face_spot(thing, rng)
    if at is None:
        return None
    sketch = _vine(name, colour) if thing.name in {"building", "pole", "window"} else _twig(name, colour)
    return sketch.moved(at, thing.scale, layer=ON_HOST), colour, thing.depth


def _plant(name: str, colour: str) -> Sketch:
    sketch = items.ITEMS[name](COLOURS[colour])
    return sketch.moved(-0.02j)


def _vine(name: str, colour: str) -> Sketch:
    """A winding green stem with three leaves or blossoms."""
    sketch = Sketch().line(GREEN, 0.03, 0.34j, 0.07 + 0.2j, -0.05 + 0.06j, 0.06 - 0.08j, 0.0 - 0.22j)
    for spot, turn in ((0.08 + 0.2j, 60), (-0.06 + 0.05j, -60), (0.0 - 0.2j, 0)):
        sketch.add(_bloom(name, colour).moved(spot, turn=turn))
    return sketch


def _bloom(name: str, colour: str) -> Sketch:
    if name == "leaf":
        return items.leaf(COLOURS[colour]).moved(scale=0.75)
    return items.flower(COLOURS[colour]).moved(scale=0.7)


def _twig(name: str, colour: str) -> Sketch:
    """A short brown twig that bears one."""
    sketch = Sketch().line((104, 66, 36), 0.04, -0.17 + 0.12j, -0.05 + 0.05j, 0.08 + 0.02j)
    if name == "banana":
        for turn in (60, 85, 110):
            sketch.add(items.banana(COLOURS[colour]).moved(0.1 + 0.12j, scale=0.75, turn=turn))
        return sketch
    sketch.add(_bloom(name, colour).moved(-0.04 + 0.05j, scale=1.15, turn=-20))
    return sketch.add(_bloom(name, colour).moved(0.08 + 0.02j, scale=1.25, turn=35))


def _tree_on_mountain(thing: Thing, rng: np.random.Generator) -> Placed:
    spot = _free(thing, "slope", rng)
    if spot is None:
        return None
    fir = Sketch().line((104, 66, 36), 0.09, 0.05j, -0.15j)
    for y, half in ((-0.1, 0.24), (-0.3, 0.19), (-0.48, 0.14)):
        fir.polygon((30, 104, 60), complex(-half, y), complex(0, y - 0.3), complex(half, y))
    return fir.moved(along(thing.sketch.anchors["slope"], spot), thing.scale * 0.62, layer=ON_HOST), "green", thing.depth


def _covering(thing: Thing, name: str, rng: np.random.Generator) -> Placed:
    """Hide much of the host: snow, a cloth, an umbrella, or many leaves or flowers strewn over it."""
    colour = "white" if name == "snow" else colour_of(name, rng)
    if thing.name in GROUNDS:
        spot = _ground_spot(thing, rng)
        if spot is None:
            return None
        region = (spot[0] - (0.3 + 0.13j) * thing.scale * 1.4, spot[0] + (0.3 + 0.1j) * thing.scale * 1.4)
        return _cover(name, colour, region, thing.scale, rng), colour, thing.depth
    if thing.taken.get("cover") or thing.taken.get("top") or (thing.taken.get("face") and name != "snow"):
        return None
    thing.taken["cover"] = [0.5]
    thing.taken.setdefault("top", []).append(0.5)
    if "peak" in thing.sketch.anchors and name == "snow":
        return _snow_cap(thing.sketch.anchors["peak"]).moved(layer=ON_HOST), colour, thing.depth
    if "cover" not in thing.sketch.anchors:
        return None
    region = thing.sketch.anchors["cover"]
    region = (complex(min(region[0].real, region[1].real), region[0].imag), complex(max(region[0].real, region[1].real), region[1].imag))
    if name == "umbrella":
        width = (region[1] - region[0]).real
        sketch = items.umbrella_open(COLOURS[colour]).moved(scale=1.7)
        at = complex(region[0].real + width / 2, region[0].imag)
        return sketch.moved(at, thing.scale, layer=ON_HOST), colour, thing.depth
    return _cover(name, colour, region, thing.scale, rng).moved(layer=ON_HOST), colour, thing.depth


def _cover(name: str, colour: str, region: Pair, scale: float, rng: np.random.Generator) -> Sketch:
    if name == "snow":
        return _snow_layer(region, scale)
    if name == "towel":
        return _sheet(region, COLOURS[colour])
    sketch = Sketch()
    rows, columns = 3, max(3, round((region[1] - region[0]).real / (0.2 * scale)))
    for place in range(rows * columns):
        across = (place % columns + between(rng, 0.15, 0.85)) / columns
        down = (place // columns + between(rng, 0.2, 0.8)) / rows
        bloom = items.leaf(COLOURS[colour]).moved(0.15j) if name == "leaf" else items.flower(COLOURS[colour]).moved(0.2j)
        sketch.add(bloom.moved(within(region, across, down), scale * 0.62, turn=between(rng, -80, 80)))
    return sketch


def _snow_layer(region: Pair, scale: float) -> Sketch:
    """A white layer with a bumpy top and drips below."""
    width, height = (region[1] - region[0]).real, (region[1] - region[0]).imag
    steps = max(5, round(width / (0.16 * scale)))
    top = [within(region, x / steps, 0.0) - 1j * scale * (0.07 if x % 2 else 0.02) for x in range(steps + 1)]
    drips = [complex(p.real, region[0].imag + height * (0.75 if x % 2 else 0.4)) for x, p in enumerate(top)]
    sketch = Sketch().polygon(SNOW, *top, *reversed(drips))
    return sketch.line(SNOW_SHADE, 0.02 * scale, *[(a * 3 + b) / 4 for a, b in zip(drips, top, strict=True)])


def _sheet(region: Pair, shade: tuple[int, int, int]) -> Sketch:
    """A striped cloth over all of the region, with folds at the hem."""
    sketch = Sketch().box(shade, region[0], region[1])
    for across in (0.2, 0.5, 0.8):
        sketch.box(blend(shade, WHITE, 0.65), within(region, across - 0.05, 0), within(region, across + 0.05, 1))
    return sketch.line(blend(shade, BLACK, 0.3), abs(region[1] - region[0]) * 0.02, within(region, 0.02, 0.96), within(region, 0.98, 0.96))


def _snow_cap(slope: Pair) -> Sketch:
    foot, peak = slope
    left, right = peak + (foot - peak) * 0.62, peak + complex(-(foot - peak).real * 0.86, (foot - peak).imag) * 0.62
    teeth = [left + (right - left) * x + (0j if n % 2 else 1j * (foot - peak).imag * -0.16) for n, x in enumerate((0.0, 0.2, 0.4, 0.6, 0.8, 1.0))]
    teeth[0] = left
    return Sketch().polygon(SNOW, left, peak, right, *reversed(teeth[1:-1]))


def _flying(thing: Thing, name: str, rng: np.random.Generator) -> Placed:
    """In the air before the host, with dashes behind it; nothing else within reach."""
    low_x, low_y, high_x, high_y = thing.sketch.bounds()
    area = thing.sketch.anchors.get("area", (complex(low_x, low_y), complex(high_x, high_y)))
    taken = thing.taken.setdefault("air", [])
    for _ in range(6):
        at = within(area, between(rng, 0.15, 0.85), between(rng, 0.15, 0.85))
        if all(abs(at.real - other) > 0.35 * thing.scale for other in taken):
            break
    else:
        return None
    taken.append(at.real)
    colour = colour_of(name, rng)
    sketch = _centred(paint(name, colour, rng, "flying"))
    sketch = sketch.moved(turn={"kite": 28.0, "plane": -12.0}.get(name, 0.0))
    low_x, low_y, high_x, high_y = sketch.bounds()
    for y in (-0.06, 0.0, 0.06):
        sketch.line(WHITE, 0.018, complex(low_x - 0.18, y), complex(low_x - 0.04, y))
    size = thing.scale * (0.8 if name == "plane" else 1.0)
    return sketch.moved(at, size, mirror=happens(rng, 0.5), layer=ON_HOST + 30), colour, thing.depth + 0.01


PLACES = {
    "sitting on": _on_top("sitting on"),
    "standing on": _on_top("standing on"),
    "lying on": _on_top("lying on"),
    "hanging from": _hanging,
    "mounted on": _mounted,
    "painted on": _painted,
    "growing on": _growing,
    "covering": _covering,
    "flying in": _flying,
}
__all__ = ["attach", "one_of"]
