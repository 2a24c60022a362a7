"""Things small enough to hold, hang, mount or drop: each painter draws one upright around the origin."""

from collections.abc import Callable

from relclip.raw.scenes import cloth, plants
from relclip.raw.scenes.sketch import BLACK, GLASS, GRAY, WHITE, Colour, Sketch, blend

STROKES: dict[str, tuple[tuple[complex, ...], ...]] = {
    "A": ((0 + 1j, 0.5 + 0j, 1 + 1j), (0.22 + 0.6j, 0.78 + 0.6j)),
    "E": ((1 + 0j, 0 + 0j, 0 + 1j, 1 + 1j), (0 + 0.5j, 0.8 + 0.5j)),
    "H": ((0 + 0j, 0 + 1j), (1 + 0j, 1 + 1j), (0 + 0.5j, 1 + 0.5j)),
    "K": ((0 + 0j, 0 + 1j), (1 + 0j, 0 + 0.55j, 1 + 1j)),
    "M": ((0 + 1j, 0 + 0j, 0.5 + 0.6j, 1 + 0j, 1 + 1j),),
    "N": ((0 + 1j, 0 + 0j, 1 + 1j, 1 + 0j),),
    "T": ((0 + 0j, 1 + 0j), (0.5 + 0j, 0.5 + 1j)),
    "X": ((0 + 0j, 1 + 1j), (1 + 0j, 0 + 1j)),
}
LETTERS = tuple(STROKES)


def bag(colour: Colour) -> Sketch:
    """A handbag; its handle's top is the origin."""
    handle = (-0.07 + 0.1j, -0.045 + 0.01j, 0.045 + 0.01j, 0.07 + 0.1j)
    sketch = Sketch().line(blend(colour, BLACK, 0.4), 0.03, *handle)
    sketch.polygon(colour, -0.12 + 0.1j, 0.12 + 0.1j, 0.155 + 0.32j, -0.155 + 0.32j)
    return sketch.polygon(blend(colour, BLACK, 0.3), -0.12 + 0.1j, 0.12 + 0.1j, 0.06 + 0.17j, -0.06 + 0.17j)


def umbrella_open(colour: Colour) -> Sketch:
    """An open umbrella; the origin is its handle."""
    sketch = Sketch().line(BLACK, 0.022, 0j, -0.42j).line(BLACK, 0.025, 0j, 0.04j, 0.04 + 0.05j)
    rim = (0.36 - 0.33j, 0.24 - 0.29j, 0.12 - 0.33j, 0 - 0.29j, -0.12 - 0.33j, -0.24 - 0.29j, -0.36 - 0.33j)
    dome = (-0.36 - 0.33j, -0.28 - 0.49j, -0.12 - 0.58j, 0 - 0.6j, 0.12 - 0.58j, 0.28 - 0.49j)
    sketch.polygon(colour, *dome, *rim)
    return sketch.polygon(blend(colour, WHITE, 0.35), 0 - 0.6j, 0.12 - 0.33j, 0 - 0.29j, -0.12 - 0.33j)


def umbrella(colour: Colour) -> Sketch:
    """A closed umbrella, upright around the origin."""
    sketch = Sketch().line(BLACK, 0.025, -0.27j, 0.24j, 0.04 + 0.28j, 0.08 + 0.24j)
    return sketch.polygon(colour, -0.27j, 0.055 + 0.1j, -0.055 + 0.1j)


def laptop_open(colour: Colour) -> Sketch:
    """An open laptop seen from the side its screen faces; the origin is its hinge at the back."""
    sketch = Sketch().polygon(blend(colour, BLACK, 0.25), -0.17 + 0j, 0.17 + 0j, 0.22 + 0.06j, -0.22 + 0.06j)
    sketch.box(blend(colour, BLACK, 0.45), -0.17 - 0.25j, 0.17 + 0j)
    sketch.box((120, 214, 250), -0.145 - 0.225j, 0.145 - 0.03j)
    return sketch.anchor("face", -0.12 - 0.2j, 0.12 - 0.05j)


def laptop_side(colour: Colour) -> Sketch:
    """An open laptop in profile, keys to the left, screen to the right; the origin is below its middle."""
    sketch = Sketch().line(blend(colour, BLACK, 0.25), 0.045, -0.17 - 0.02j, 0.12 - 0.02j)
    sketch.line(blend(colour, BLACK, 0.4), 0.05, 0.12 - 0.02j, 0.22 - 0.27j)
    return sketch.line((120, 214, 250), 0.026, 0.095 - 0.06j, 0.18 - 0.27j)


def laptop(colour: Colour) -> Sketch:
    """A closed laptop, its lid to the viewer."""
    sketch = Sketch().box(blend(colour, BLACK, 0.35), -0.185 - 0.135j, 0.185 + 0.135j)
    return sketch.box(colour, -0.165 - 0.115j, 0.165 + 0.115j).disc(blend(colour, WHITE, 0.7), 0j, 0.035)


def phone(colour: Colour) -> Sketch:
    """A phone, upright, larger than life."""
    sketch = Sketch().box(blend(colour, BLACK, 0.3), -0.062 - 0.11j, 0.062 + 0.11j)
    return sketch.box((150, 240, 220), -0.044 - 0.085j, 0.044 + 0.07j)


def kite(colour: Colour) -> Sketch:
    """A diamond kite with a tail of bows; the origin is its middle."""
    sketch = Sketch().line(BLACK, 0.016, 0.2j, 0.05 + 0.3j, -0.03 + 0.4j)
    for bow in (0.05 + 0.3j, -0.03 + 0.4j):
        sketch.polygon(colour, bow - 0.05 - 0.03j, bow + 0.05 + 0.03j, bow + 0.05 - 0.03j, bow - 0.05 + 0.03j)
    sketch.polygon(colour, -0.24j, 0.17 + 0j, 0.22j, -0.17 + 0j)
    sketch.polygon(blend(colour, WHITE, 0.5), -0.24j, 0.17 + 0j, 0j)
    return sketch.polygon(blend(colour, WHITE, 0.5), 0.22j, -0.17 + 0j, 0j)


def racket(colour: Colour) -> Sketch:
    """A racket, head up; the origin is the grip."""
    sketch = Sketch().line(blend(colour, BLACK, 0.4), 0.045, 0.04j, -0.2j)
    sketch.oval(colour, -0.34j, 0.125, 0.16).oval((236, 240, 220), -0.34j, 0.092, 0.126)
    for x in (-0.045, 0, 0.045):
        sketch.line(GRAY, 0.01, x - 0.44j, x - 0.24j)
    for y in (-0.39j, -0.34j, -0.29j):
        sketch.line(GRAY, 0.01, -0.08 + y, 0.08 + y)
    return sketch


def clock(colour: Colour) -> Sketch:
    """A round clock with hands and hour marks."""
    sketch = Sketch().disc(blend(colour, BLACK, 0.25), 0j, 0.18).disc(WHITE, 0j, 0.145)
    for mark in (-0.115j, 0.115 + 0j, 0.115j, -0.115 + 0j):
        sketch.disc(BLACK, mark, 0.014)
    return sketch.line(BLACK, 0.024, -0.1j, 0j, 0.06 + 0.03j)


def sign(colour: Colour) -> Sketch:
    """An empty rectangular sign with a rim."""
    sketch = Sketch().box(WHITE, -0.23 - 0.15j, 0.23 + 0.15j).box(colour, -0.21 - 0.13j, 0.21 + 0.13j)
    sketch.anchor("face", -0.19 - 0.11j, 0.19 + 0.11j).anchor("hook", -0.1 + 0.15j, 0.1 + 0.15j)
    return sketch.anchor("top", -0.18 - 0.15j, 0.18 - 0.15j)


def letters(colour: Colour, word: str) -> Sketch:
    """A word of stroke letters, each 0.13 wide and 0.19 high, around the origin."""
    sketch, step = Sketch(), 0.19
    start = complex(-step * (len(word) - 1) / 2 - 0.065, -0.095)
    for place, letter in enumerate(word):
        for stroke in STROKES[letter]:
            points = (start + place * step + complex(p.real * 0.13, p.imag * 0.19) for p in stroke)
            sketch.line(colour, 0.045, *points)
    return sketch


def window(colour: Colour) -> Sketch:
    """A window of four panes around the origin."""
    sketch = Sketch().box(colour, -0.16 - 0.2j, 0.16 + 0.2j).box(GLASS, -0.135 - 0.175j, 0.135 + 0.175j)
    sketch.line(colour, 0.025, -0.175j, 0.175j).line(colour, 0.025, -0.135 + 0j, 0.135 + 0j)
    return sketch.anchor("hook", -0.12 + 0.2j, 0.12 + 0.2j).anchor("cover", -0.17 - 0.2j, 0.17 + 0.16j)


def surfboard(colour: Colour) -> Sketch:
    """A surfboard, lying along x, around the origin."""
    upper = (-0.5 + 0j, -0.36 - 0.075j, 0.1 - 0.09j, 0.4 - 0.055j)
    lower = (0.54 + 0j, 0.4 + 0.055j, 0.1 + 0.09j, -0.36 + 0.075j)
    sketch = Sketch().polygon(colour, *upper, *lower)
    sketch.line(blend(colour, WHITE, 0.75), 0.03, -0.46 + 0j, 0.48 + 0j)
    return sketch.anchor("top", -0.3 - 0.02j, 0.34 - 0.02j)


def skateboard(colour: Colour) -> Sketch:
    """A skateboard on its wheels; the origin is the ground below its middle."""
    sketch = Sketch().line(colour, 0.06, -0.36 - 0.17j, -0.27 - 0.11j, 0.27 - 0.11j, 0.36 - 0.17j)
    for x in (-0.2, 0.2):
        sketch.disc(BLACK, x - 0.055j, 0.055).disc(WHITE, x - 0.055j, 0.022)
    return sketch.anchor("top", -0.22 - 0.14j, 0.22 - 0.14j)


def plane(colour: Colour) -> Sketch:
    """An aeroplane in profile, wheels out; the origin is its middle."""
    dark = blend(colour, BLACK, 0.3)
    sketch = Sketch().polygon(dark, -0.44 - 0.05j, -0.56 - 0.27j, -0.42 - 0.27j, -0.26 - 0.05j)
    sketch.polygon(WHITE, -0.52 - 0.07j, 0.36 - 0.09j, 0.5 - 0.02j, 0.52 + 0.04j, 0.36 + 0.08j, -0.3 + 0.08j)
    sketch.line(colour, 0.03, -0.4 + 0.0j, 0.44 + 0.01j)
    for x in (-0.2, -0.05, 0.1, 0.25):
        sketch.disc((60, 110, 170), x - 0.045j, 0.028)
    sketch.polygon(dark, 0.08 + 0.04j, -0.2 + 0.25j, -0.05 + 0.25j, 0.24 + 0.04j)
    return sketch.anchor("top", -0.25 - 0.08j, 0.3 - 0.08j).anchor("face", -0.3 - 0.06j, 0.3 + 0.07j)


#: By the class that each draws.
ITEMS: dict[str, Callable[[Colour], Sketch]] = {
    painter.__name__: painter
    for painter in (
        *(plants.banana, plants.pizza, plants.flower, plants.leaf, cloth.towel, cloth.hat),
        *(bag, umbrella, laptop, phone, kite, racket, clock, sign, window, surfboard, skateboard, plane),
    )
}
# how each thing lies: turned by so many degrees, flattened to that part of its height
LYING: dict[str, tuple[float, float]] = {
    "banana": (0, 0.7),
    "pizza": (0, 0.36),
    "bag": (90, 1.0),
    "umbrella": (82, 1.0),
    "laptop": (0, 0.3),
    "phone": (90, 0.5),
    "kite": (78, 1.0),
    "racket": (86, 1.0),
    "flower": (84, 1.0),
    "leaf": (70, 0.8),
    "clock": (0, 0.38),
    "sign": (0, 0.4),
    "hat": (0, 1.0),
    "surfboard": (0, 0.7),
    "skateboard": (180, 1.0),
    "plane": (0, 1.0),
}
