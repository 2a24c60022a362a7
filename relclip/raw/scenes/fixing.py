"""Things hung from a host, mounted on it, painted on it, or flying before it."""

import numpy as np

from relclip.raw.scenes.chance import between, happens
from relclip.raw.scenes.painters import colour_of, paint
from relclip.raw.scenes.places import Placed, along_free, is_ground, on_face, on_ground
from relclip.raw.scenes.scene import Thing
from relclip.raw.scenes.sketch import (
    BLACK,
    BROWN,
    COLOURS,
    GREEN,
    ROPE,
    STEEL,
    WHITE,
    YELLOW,
    Sketch,
    middle,
    within,
)
from relclip.raw.scenes.topping import upright

TWO_STRINGS = ("sign", "letter", "plane", "towel")
STRAP = (200, 30, 30)
PAINT = (255, 244, 190)
WIND = (84, 92, 110)
MURAL_SIZES = {"horse": 0.45, "dog": 0.8, "bike": 0.6, "surfboard": 0.6, "plane": 0.6}
IN_THE_AIR = 0.66  # the depth of what flies: before all that stands behind the groups
SURFACES = ("sign", "laptop")  # hosts with room for one writing only


def hanging(thing: Thing, name: str, rng: np.random.Generator) -> Placed:
    """On one or two strings below the host's hook; the strings belong to the thing."""
    hook = along_free(thing, "hook", rng)
    if hook is None:
        return None
    colour, length = colour_of(name, rng), between(rng, 0.13, 0.22)
    body = _as_hung(name, colour, rng)
    low_x, _, high_x, _ = body.bounds()
    starts = (low_x * 0.7, high_x * 0.7) if name in TWO_STRINGS else (0.0,)
    whole = Sketch()
    for x in starts:
        whole.line(ROPE, 0.024, complex(x, 0), complex(x, length + 0.02))
    whole.add(body.moved(complex(0, length)))
    turn = 0.0 if name in TWO_STRINGS else between(rng, -9, 9)
    return whole.moved(hook, thing.scale, turn=turn), colour, thing.depth


def _as_hung(name: str, colour: str, rng: np.random.Generator) -> Sketch:
    """The thing with its highest point at the origin."""
    if name == "flower":
        return _basket(colour)
    turn = {"banana": 90.0, "umbrella": 180.0, "racket": 180.0}.get(name, 0.0)
    return paint(name, colour, rng).moved(turn=turn).below_its_top()


def _basket(colour: str) -> Sketch:
    """A hanging basket of flowers below the origin."""
    sketch = Sketch().polygon(BROWN, -0.13 + 0.17j, 0.13 + 0.17j, 0.08 + 0.3j, -0.08 + 0.3j)
    sketch.line(ROPE, 0.018, -0.12 + 0.17j, 0j, 0.12 + 0.17j)
    for spot in (-0.1 + 0.14j, 0.0 + 0.1j, 0.1 + 0.14j):
        sketch.disc(GREEN, spot + 0.03j, 0.065).disc(COLOURS[colour], spot, 0.056).disc(YELLOW, spot, 0.022)
    return sketch


def mounted(thing: Thing, name: str, rng: np.random.Generator) -> Placed:
    """Fixed by a steel plate with bolts; on a vehicle's roof by a rack with straps."""
    colour = colour_of(name, rng)
    if name in {"surfboard", "bike"} and thing.name in {"car", "bus"}:
        return _on_rack(thing, name, colour, rng)
    at = _whole_surface(thing) if thing.name in SURFACES else on_face(thing, rng)
    if at is None:
        return None
    sketch = paint(name, colour, rng).moved(turn=-90 if name == "surfboard" else 0)
    sketch = sketch.moved(-middle(sketch))
    if thing.name in SURFACES:
        sketch = sketch.moved(scale=0.2 / max(sketch.bounds()[2], 0.12) * 0.62)
    low_x, low_y, high_x, high_y = sketch.bounds()
    plate = Sketch().box(
        STEEL, complex(low_x - 0.045, low_y - 0.045), complex(high_x + 0.045, high_y + 0.045)
    )
    for corner in (low_x + low_y * 1j, high_x + low_y * 1j, low_x + high_y * 1j, high_x + high_y * 1j):
        plate.disc(WHITE, corner, 0.024)
    return plate.add(sketch).moved(at, thing.scale), colour, thing.depth


def _on_rack(thing: Thing, name: str, colour: str, rng: np.random.Generator) -> Placed:
    at = along_free(thing, "top", rng)
    if at is None:
        return None
    whole = Sketch().line(BLACK, 0.03, -0.3 - 0.1j, 0.3 - 0.1j)
    whole.add(upright(name, colour, "mounted on", rng).moved(-0.1j, scale=0.7 if name == "bike" else 1.0))
    for x in (-0.2, 0.2):
        whole.line(BLACK, 0.03, complex(x, 0.02), complex(x, -0.1))
        whole.line(STRAP, 0.03, complex(x, -0.08), complex(x, -0.28), layer=1)
    return whole.moved(at, thing.scale), colour, thing.depth


def painted(thing: Thing, name: str, rng: np.random.Generator) -> Placed:
    """Letters, or a flat picture in few tones on a daub of paint with drips; on the ground it lies in perspective."""
    if thing.name in SURFACES:
        return _written(thing, name, rng)
    ground = is_ground(thing)
    at = on_ground(thing, rng) if ground else on_face(thing, rng)
    if at is None:
        return None
    colour = colour_of(name, rng)
    sketch = paint(name, colour, rng, "flying" if name == "bird" else "standing")
    sketch = sketch.moved(-middle(sketch)).moved(scale=MURAL_SIZES.get(name, 1.0))
    if name == "letter":
        sketch = sketch.moved(scale=1.25)
        colour = "yellow" if thing.name in {"street", "tree"} else colour
        sketch = sketch.tinted(COLOURS[colour], 1.0)
    else:
        sketch = _mural(sketch.tinted(COLOURS["blue"] if colour != "blue" else COLOURS["red"], 0.55))
    sketch = sketch.moved(flatten=0.55 if ground else 1.0)
    return sketch.moved(at, thing.scale), colour, thing.depth + (0.0001 if ground else 0.0)


def _written(thing: Thing, name: str, rng: np.random.Generator) -> Placed:
    """Letters that fill a sign or a screen."""
    at = _whole_surface(thing)
    if at is None:
        return None
    face = thing.sketch.anchors["face"]
    tone = "black" if thing.colour in {"yellow", "white", ""} else "white"
    sketch = paint(name, tone, rng)
    sketch = sketch.moved(-middle(sketch))
    low_x, low_y, high_x, high_y = sketch.bounds()
    fit = min(abs((face[1] - face[0]).real) / (high_x - low_x), (face[1] - face[0]).imag / (high_y - low_y))
    return sketch.moved(at, abs(fit) * 0.95), tone, thing.depth


def _whole_surface(thing: Thing) -> complex | None:
    """The middle of a sign or screen, once."""
    if "face" not in thing.sketch.anchors or thing.taken.get("face"):
        return None
    thing.taken["face"] = [float("inf"), float("inf")]
    return within(thing.sketch.anchors["face"], 0.5, 0.5)


def _mural(sketch: Sketch) -> Sketch:
    """A daub of pale paint behind a picture, with drips below."""
    low_x, low_y, high_x, high_y = sketch.bounds()
    centre = middle(sketch)
    across, down = (high_x - low_x) / 2 + 0.07, (high_y - low_y) / 2 + 0.06
    daub = Sketch().oval(PAINT, centre, across, down)
    for x in (-0.5, 0.1, 0.55):
        start = centre + complex(x * across, down * 0.7)
        daub.line(PAINT, 0.045, start, start + 0.15j)
    return daub.add(sketch)


def flying(thing: Thing, name: str, rng: np.random.Generator) -> Placed:
    """In the air before the host, with lines of wind behind it (they belong to the thing)."""
    low_x, low_y, high_x, high_y = thing.sketch.bounds()
    upper_part = complex(low_x, low_y), complex(high_x, low_y + (high_y - low_y) * 0.6)
    area = thing.sketch.anchors.get("area", upper_part)
    taken = thing.taken.setdefault("air", [])
    at = within(area, between(rng, 0.12, 0.88), between(rng, 0.12, 0.88))
    if any(abs(at.real - other) < 0.4 * thing.scale for other in taken) or not 0.05 < at.real < 0.95:
        return None
    taken.append(at.real)
    colour = colour_of(name, rng)
    sketch = paint(name, colour, rng, "flying").moved(turn={"kite": 28.0, "plane": -12.0}.get(name, 0.0))
    sketch = sketch.moved(-middle(sketch))
    tail_x = sketch.bounds()[0]
    for y in (-0.07, 0.0, 0.07):
        sketch.line(WIND, 0.02, complex(tail_x - 0.17, y), complex(tail_x - 0.04, y))
    size = thing.scale * (0.85 if name == "plane" else 1.05)
    return sketch.moved(at, size, mirror=happens(rng, 0.5)), colour, max(thing.depth, IN_THE_AIR)
