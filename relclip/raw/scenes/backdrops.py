"""What stands behind: buildings, roofs, trees, poles, mountains and the grounds of the five settings.

Sketches of fixed things are in heights of a person with the ground at height 0; grounds are in pictures (0..1).
"""

import numpy as np

from relclip.raw.scenes.chance import between
from relclip.raw.scenes.sketch import BLACK, DARK_WOOD, LEAF, WHITE, WOOD, Colour, Sketch, blend


def building(colour: Colour, width: float, height: float) -> Sketch:
    """A plain front; windows are objects of their own. A rod for hanging sticks out on both sides."""
    left, right = -width / 2, width / 2
    sketch = Sketch().box(colour, complex(left, -height), complex(right, 0))
    edge = complex(left - 0.03, -height), complex(right + 0.03, -height + 0.07)
    sketch.box(blend(colour, BLACK, 0.3), *edge)
    sketch.anchor("face", complex(left + 0.24, -height + 0.3), complex(right - 0.24, -0.62))
    sketch.anchor("top", complex(left + 0.1, -height), complex(right - 0.1, -height))
    return sketch.anchor("cover", complex(left - 0.03, -height - 0.02), complex(right + 0.03, -height * 0.35))


def roof(colour: Colour, width: float, height: float) -> Sketch:
    """A sloping roof; the origin is the middle of the wall's top edge."""
    half, ridge = width / 2 + 0.12, width / 2 - 0.12
    slope = (complex(-half, 0), complex(-ridge, -height), complex(ridge, -height), complex(half, 0))
    sketch = Sketch().polygon(colour, *slope)
    for row in (0.33, 0.66):
        x = half + (ridge - half) * row
        sketch.line(blend(colour, BLACK, 0.25), 0.015, complex(-x, -height * row), complex(x, -height * row))
    sketch.anchor("top", complex(-ridge, -height), complex(ridge, -height))
    return sketch.anchor("cover", complex(-ridge + 0.04, -height), complex(ridge - 0.04, -height * 0.2))


def tree(colour: Colour) -> Sketch:
    """A tree, 1.7 high, with one bare branch on each side. Anchors: top and hook on the branches, face the crown."""
    sketch = Sketch().polygon(WOOD, -0.12 + 0j, -0.07 - 0.9j, 0.07 - 0.9j, 0.12 + 0j)
    sketch.line(DARK_WOOD, 0.05, 0.02 - 0.72j, 0.66 - 0.84j)
    sketch.line(DARK_WOOD, 0.05, -0.02 - 0.7j, -0.66 - 0.82j)
    dark = blend(colour, BLACK, 0.18)
    sketch.disc(dark, -0.26 - 1.15j, 0.32).disc(dark, 0.27 - 1.15j, 0.32)
    sketch.disc(colour, -1.38j, 0.36).disc(colour, -1.08j, 0.3)
    sketch.anchor("hook", -0.64 - 0.8j, -0.28 - 0.75j).anchor("top", 0.42 - 0.83j, 0.62 - 0.86j)
    sketch.anchor("face", -0.34 - 1.46j, 0.34 - 1.0j).anchor("area", -0.75 - 1.7j, 0.75 - 0.9j)
    return sketch.anchor("cover", -0.5 - 1.75j, 0.5 - 1.0j)


def pole(colour: Colour) -> Sketch:
    """A pole, 1.6 high, with a cross-arm: one end for hanging (hook), one to sit on (top), the shaft as its face."""
    sketch = Sketch().line(colour, 0.07, 0j, -1.6j).line(colour, 0.05, -0.58 - 1.5j, 0.46 - 1.5j)
    sketch.disc(blend(colour, BLACK, 0.3), -1.62j, 0.06)
    sketch.anchor("hook", -0.56 - 1.48j, -0.36 - 1.48j).anchor("top", 0.24 - 1.53j, 0.44 - 1.53j)
    return sketch.anchor("face", -0.01 - 1.3j, 0.01 - 0.55j)


def mountain(colour: Colour, width: float, height: float) -> Sketch:
    """A mountain with a shaded side; the origin is the middle of its foot."""
    peak = complex(width * 0.04, -height)
    left, right = complex(-width / 2, 0), complex(width / 2, 0)
    sketch = Sketch().polygon(colour, left, peak, right)
    shaded = (peak, right, complex(width * 0.12, 0), complex(0, -height * 0.45))
    sketch.polygon(blend(colour, BLACK, 0.2), *shaded)
    sketch.anchor("peak", left, peak)
    sketch.anchor("cover", complex(-width / 4, -height), complex(width / 4, -height / 2))
    sketch.anchor("face", complex(-width * 0.2, -height * 0.62), complex(width * 0.2, -height * 0.25))
    sketch.anchor("area", complex(-width * 0.42, -height), complex(width * 0.42, -height * 0.35))
    return sketch.anchor(
        "slope", complex(-width * 0.34, -height * 0.3), complex(-width * 0.12, -height * 0.72)
    )


def band(colour: Colour, top: float, bottom: float, line: Colour | None = None) -> Sketch:
    """A strip of ground across the whole picture."""
    sketch = Sketch().box(colour, complex(0, top), complex(1, bottom))
    if line is not None:
        sketch.box(line, complex(0, top), complex(1, top + 0.012))
    return sketch


def street(top: float) -> Sketch:
    """Asphalt with a dashed middle line, from `top` to the bottom edge."""
    sketch = band((104, 106, 112), top, 1.0, (150, 150, 154))
    middle = top + (1 - top) * 0.42
    for x in (0.03, 0.28, 0.53, 0.78):
        sketch.box((232, 220, 120), complex(x, middle), complex(x + 0.13, middle + 0.014))
    return sketch


def sidewalk(top: float, bottom: float) -> Sketch:
    """Light slabs with joints."""
    joint = (160, 156, 148)
    sketch = band((190, 186, 178), top, bottom, joint)
    for x in range(1, 8):
        sketch.line(joint, 0.005, complex(x / 8, top + 0.006), complex(x / 8 - 0.02, bottom - 0.003))
    return sketch


def hill(top: float, rng: np.random.Generator) -> Sketch:
    """A green hill that swells across the whole picture."""
    swell, shift = between(rng, 0.05, 0.09), between(rng, -0.15, 0.15)
    edge = [complex(x / 10, top + swell * ((x / 10 - 0.5 - shift) * 2) ** 2) for x in range(11)]
    sketch = Sketch().polygon((116, 178, 84), *edge, 1 + 1j, 0 + 1j)
    for _ in range(14):
        tuft = complex(between(rng, 0.02, 0.98), between(rng, top + swell + 0.06, 0.98))
        sketch.line((88, 150, 62), 0.006, tuft - 0.01 - 0.012j, tuft, tuft + 0.01 - 0.014j)
    return sketch


def sea(top: float, bottom: float) -> Sketch:
    """Breaking waves: a strip of water with three crests of foam."""
    sketch = band((48, 132, 196), top, bottom)
    height = bottom - top
    for row, shade in ((0.25, (98, 172, 222)), (0.55, (84, 160, 214))):
        y = top + height * row
        crest = [complex(x / 16, y + (0.012 if x % 2 else 0.0)) for x in range(17)]
        sketch.line(shade, 0.008, *crest)
    foam = [complex(x / 20, bottom - 0.012 + (0.012 if x % 2 else -0.004)) for x in range(21)]
    return sketch.line(WHITE, 0.016, *foam)


def beach(top: float, rng: np.random.Generator) -> Sketch:
    """Sand with grains."""
    sketch = band((238, 214, 156), top, 1.0)
    for _ in range(16):
        grain = complex(between(rng, 0.02, 0.98), between(rng, top + 0.05, 0.98))
        sketch.line((214, 186, 124), 0.006, grain, grain + 0.012)
    return sketch


def snow_ground(top: float, rng: np.random.Generator) -> Sketch:
    """Snow with soft blue dents."""
    sketch = band((244, 248, 253), top, 1.0)
    for _ in range(10):
        dent = complex(between(rng, 0.03, 0.95), between(rng, top + 0.04, 0.98))
        sketch.line((208, 222, 240), 0.007, dent, dent + 0.03 + 0.004j, dent + 0.05)
    return sketch


def room(wall: Colour, floor_top: float) -> Sketch:
    """A wall, a skirting board and a floor: the whole picture."""
    sketch = Sketch().box(wall, 0j, complex(1, floor_top))
    sketch.box(blend(wall, WHITE, 0.5), complex(0, floor_top - 0.018), complex(1, floor_top))
    sketch.box((188, 142, 98), complex(0, floor_top), 1 + 1j)
    for row in (0.25, 0.6):
        y = floor_top + (1 - floor_top) * row
        sketch.line((166, 122, 82), 0.005, complex(0, y), complex(1, y))
    return sketch


def crown_colour(season: float) -> Colour:
    """Green, or autumn's orange for a late season (0..1)."""
    return LEAF if season < 0.7 else (206, 140, 40)
