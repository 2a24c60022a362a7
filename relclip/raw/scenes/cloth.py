"""Towels hanging, wrapped, folded and spread, and a hat."""

from relclip.raw.scenes.sketch import BLACK, WHITE, Colour, Sketch, blend


def towel(colour: Colour) -> Sketch:
    """A striped towel hanging down from the origin."""
    sketch = Sketch().box(colour, -0.15 + 0j, 0.15 + 0.42j)
    for y in (0.07, 0.31):
        sketch.box(blend(colour, WHITE, 0.65), complex(-0.15, y), complex(0.15, y + 0.05))
    return sketch


def towel_wrapped(colour: Colour) -> Sketch:
    """A towel wrapped round a body from the shoulders down, around the origin."""
    sketch = Sketch().polygon(colour, -0.15 - 0.2j, 0.1 - 0.2j, 0.17 + 0.28j, -0.2 + 0.28j)
    for y in (-0.1, 0.16):
        stripe = (complex(-0.16, y), complex(0.125, y), complex(0.135, y + 0.05), complex(-0.17, y + 0.05))
        sketch.polygon(blend(colour, WHITE, 0.65), *stripe)
    return sketch


def towel_folded(colour: Colour) -> Sketch:
    """A folded towel, a flat pile."""
    sketch = Sketch()
    for y, shade in ((-0.05, 0.0), (-0.10, 0.45), (-0.15, 0.0)):
        sketch.line(blend(colour, WHITE, shade), 0.05, complex(-0.15, y + 0.025), complex(0.15, y + 0.025))
    return sketch


def towel_spread(colour: Colour) -> Sketch:
    """A towel spread on the ground, in perspective."""
    sketch = Sketch().polygon(colour, -0.5 + 0.07j, -0.4 - 0.1j, 0.56 - 0.1j, 0.46 + 0.07j)
    for x in (-0.38, 0.32):
        stripe = (x + 0.07j, x + 0.1 - 0.1j, x + 0.18 - 0.1j, x + 0.08 + 0.07j)
        sketch.polygon(blend(colour, WHITE, 0.65), *stripe)
    return sketch.anchor("top", -0.42 + 0j, 0.46 + 0j)


def hat(colour: Colour) -> Sketch:
    """A hat with a brim; the origin is the middle of the brim."""
    sketch = Sketch().polygon(colour, -0.1 + 0j, -0.085 - 0.12j, 0.085 - 0.12j, 0.1 + 0j)
    sketch.line(colour, 0.04, -0.16 + 0j, 0.16 + 0j)
    return sketch.box(blend(colour, BLACK, 0.5), -0.097 - 0.045j, 0.097 - 0.015j)
