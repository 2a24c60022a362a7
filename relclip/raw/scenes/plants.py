"""Fruit, flowers, leaves and pizza: what grows and what is eaten, around the origin."""

from relclip.raw.scenes.sketch import BLACK, GREEN, RED, YELLOW, Colour, Sketch, blend


def banana(colour: Colour) -> Sketch:
    """A curved banana, 0.34 wide."""
    outer = (-0.17 - 0.08j, -0.12 + 0.04j, 0.0 + 0.09j, 0.12 + 0.04j, 0.17 - 0.08j)
    sketch, tip = Sketch().line(colour, 0.085, *outer), (120, 84, 20)
    sketch.line(tip, 0.05, 0.17 - 0.08j, 0.18 - 0.12j)
    return sketch.line(tip, 0.05, -0.17 - 0.08j, -0.175 - 0.09j)


def banana_peeled(colour: Colour) -> Sketch:
    """A banana being eaten: its white tip to the left, the peel hanging open."""
    sketch = Sketch().line((255, 250, 214), 0.07, -0.12 + 0j, 0.02 + 0.02j)
    sketch.line(colour, 0.085, 0.02 + 0.02j, 0.14 - 0.04j)
    sketch.line(colour, 0.035, 0.02 - 0.01j, -0.07 - 0.09j)
    return sketch.line(colour, 0.035, 0.02 + 0.05j, -0.05 + 0.12j)


def pizza(colour: Colour) -> Sketch:
    """A whole round pizza with slices of sausage."""
    sketch = Sketch().disc((186, 118, 44), 0j, 0.19).disc(colour, 0j, 0.155)
    for spot in (-0.07 - 0.06j, 0.07 - 0.05j, -0.02 + 0.08j, 0.09 + 0.07j, 0.0 - 0.01j):
        sketch.disc(RED, spot, 0.036)
    return sketch


def slice_of_pizza(colour: Colour) -> Sketch:
    """One slice, its tip to the left, around the origin."""
    sketch = Sketch().polygon(colour, -0.13 + 0j, 0.1 - 0.1j, 0.1 + 0.1j)
    sketch.line((186, 118, 44), 0.045, 0.1 - 0.1j, 0.1 + 0.1j)
    return sketch.disc(RED, 0.04 - 0.025j, 0.03).disc(RED, -0.02 + 0.02j, 0.024)


def flower(colour: Colour) -> Sketch:
    """A flower with stem and two leaves; the origin is the foot of the stem."""
    sketch = Sketch().line(GREEN, 0.028, 0j, -0.2j)
    sketch.oval(GREEN, 0.06 - 0.08j, 0.055, 0.024).oval(GREEN, -0.06 - 0.05j, 0.055, 0.024)
    for petal in (0.075 + 0j, 0.023 + 0.071j, -0.061 + 0.044j, -0.061 - 0.044j, 0.023 - 0.071j):
        sketch.disc(colour, -0.26j + petal, 0.052)
    return sketch.disc((120, 70, 20) if colour == YELLOW else YELLOW, -0.26j, 0.042)


def leaf(colour: Colour) -> Sketch:
    """A large pointed leaf with its vein; the origin is its stalk."""
    edge = (0.0 - 0.03j, 0.085 - 0.12j, 0.07 - 0.2j, 0.0 - 0.3j, -0.07 - 0.2j, -0.085 - 0.12j)
    sketch = Sketch().polygon(colour, *edge)
    return sketch.line(blend(colour, BLACK, 0.35), 0.02, 0.03j, -0.24j)
