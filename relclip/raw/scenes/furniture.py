"""Things that carry others: furniture and vehicles, drawn facing right with the ground below at height 0.

Anchors: top (where one sits, stands, lies), face (where one mounts and paints), hook (where one hangs things),
cover (what snow or a towel hides), seat, window.
"""

from collections.abc import Callable

from relclip.raw.scenes.sketch import (
    BLACK,
    DARK_WOOD,
    GLASS,
    GRAY,
    STEEL,
    TYRE,
    WHITE,
    YELLOW,
    Colour,
    Sketch,
    blend,
)


def bench(colour: Colour) -> Sketch:
    """A park bench, 1.2 wide, seat at 0.3."""
    dark = blend(colour, BLACK, 0.35)
    sketch = Sketch()
    for x in (-0.5, 0.5):
        sketch.line(dark, 0.05, x + 0j, x - 0.6j)
    for y in (-0.58, -0.47):
        sketch.box(colour, complex(-0.6, y), complex(0.6, y + 0.08))
    sketch.polygon(colour, -0.62 - 0.27j, -0.56 - 0.36j, 0.56 - 0.36j, 0.62 - 0.27j)
    sketch.box(dark, -0.62 - 0.27j, 0.62 - 0.22j)
    sketch.anchor("top", -0.48 - 0.3j, 0.48 - 0.3j).anchor("hook", -0.5 - 0.6j, 0.5 - 0.6j)
    return sketch.anchor("cover", -0.56 - 0.57j, 0.56 - 0.2j)


def bed(colour: Colour) -> Sketch:
    """A bed with a headboard on the left, 1.4 wide, mattress at 0.3."""
    sketch = Sketch().box(DARK_WOOD, -0.72 - 0.62j, -0.64 + 0j).box(DARK_WOOD, 0.64 - 0.38j, 0.72 + 0j)
    sketch.box(DARK_WOOD, -0.66 - 0.16j, 0.66 - 0.06j).box(WHITE, -0.64 - 0.33j, 0.64 - 0.16j)
    sketch.polygon(colour, -0.3 - 0.345j, 0.65 - 0.345j, 0.65 - 0.13j, -0.34 - 0.13j)
    sketch.oval((236, 240, 248), -0.48 - 0.38j, 0.14, 0.07)
    sketch.anchor("top", -0.5 - 0.34j, 0.56 - 0.34j).anchor("hook", -0.62 - 0.6j, -0.55 - 0.6j)
    return sketch.anchor("cover", -0.36 - 0.37j, 0.7 - 0.02j)


def table(colour: Colour) -> Sketch:
    """A table, 1.0 wide, 0.42 high."""
    dark = blend(colour, BLACK, 0.35)
    sketch = Sketch()
    for x in (-0.42, 0.42):
        sketch.line(dark, 0.055, x - 0.02j, x - 0.4j)
    sketch.polygon(colour, -0.52 - 0.38j, -0.44 - 0.46j, 0.44 - 0.46j, 0.52 - 0.38j)
    sketch.box(dark, -0.52 - 0.38j, 0.52 - 0.33j)
    sketch.anchor("top", -0.42 - 0.42j, 0.42 - 0.42j).anchor("hook", -0.48 - 0.37j, 0.48 - 0.37j)
    return sketch.anchor("cover", -0.5 - 0.46j, 0.5 - 0.2j)


def _wheel(sketch: Sketch, centre: complex, radius: float) -> None:
    sketch.disc(TYRE, centre, radius).disc(GRAY, centre, radius * 0.5)


def car(colour: Colour) -> Sketch:
    """A car, 1.35 wide, roof at 0.56, bonnet on the right."""
    sketch = Sketch().polygon(colour, -0.42 - 0.3j, -0.3 - 0.56j, 0.16 - 0.56j, 0.36 - 0.3j)
    sketch.polygon(GLASS, -0.35 - 0.32j, -0.26 - 0.51j, -0.08 - 0.51j, -0.08 - 0.32j)
    sketch.polygon(GLASS, -0.03 - 0.32j, -0.03 - 0.51j, 0.13 - 0.51j, 0.27 - 0.32j)
    sketch.polygon(colour, -0.66 - 0.1j, -0.66 - 0.3j, 0.4 - 0.33j, 0.66 - 0.26j, 0.68 - 0.1j)
    sketch.box(YELLOW, 0.6 - 0.24j, 0.68 - 0.18j)
    for x in (-0.4, 0.4):
        _wheel(sketch, x - 0.12j, 0.13)
    sketch.anchor("top", -0.27 - 0.55j, 0.15 - 0.55j).anchor("face", -0.28 - 0.29j, 0.28 - 0.08j)
    return sketch.anchor("cover", -0.3 - 0.56j, 0.17 - 0.3j).anchor("window", 0.04 - 0.32j)


def bus(colour: Colour) -> Sketch:
    """A bus, 1.7 wide, roof at 0.86, its front on the right."""
    sketch = Sketch().box(colour, -0.85 - 0.86j, 0.85 - 0.12j)
    sketch.box(blend(colour, BLACK, 0.35), -0.85 - 0.16j, 0.85 - 0.1j)
    for x in (-0.76, -0.4, -0.04, 0.32):
        sketch.box(GLASS, complex(x, -0.76), complex(x + 0.28, -0.5))
    sketch.box(GLASS, 0.68 - 0.76j, 0.85 - 0.4j).box(YELLOW, 0.78 - 0.26j, 0.86 - 0.18j)
    for x in (-0.5, 0.5):
        _wheel(sketch, x - 0.13j, 0.14)
    sketch.anchor("top", -0.75 - 0.85j, 0.75 - 0.85j).anchor("face", -0.74 - 0.47j, 0.64 - 0.2j)
    return sketch.anchor("cover", -0.82 - 0.86j, 0.82 - 0.56j).anchor("window", -0.26 - 0.5j, 0.46 - 0.5j)


def motorcycle(colour: Colour) -> Sketch:
    """A motorcycle, 1.05 wide, seat at 0.42, handlebar at 0.62."""
    sketch = Sketch()
    for x in (-0.36, 0.36):
        sketch.disc(TYRE, x - 0.18j, 0.18).disc(GRAY, x - 0.18j, 0.1).disc(TYRE, x - 0.18j, 0.03)
    sketch.line(STEEL, 0.05, 0.36 - 0.18j, 0.2 - 0.6j, 0.12 - 0.62j)
    sketch.polygon(STEEL, -0.3 - 0.2j, 0.2 - 0.2j, 0.12 - 0.36j, -0.2 - 0.36j)
    sketch.polygon(colour, -0.06 - 0.4j, 0.02 - 0.5j, 0.22 - 0.48j, 0.26 - 0.36j, 0.06 - 0.32j)
    sketch.polygon(colour, -0.5 - 0.36j, -0.3 - 0.42j, -0.2 - 0.34j, -0.3 - 0.28j)
    sketch.line(BLACK, 0.07, -0.34 - 0.42j, -0.06 - 0.42j).line(GRAY, 0.045, -0.5 - 0.14j, -0.1 - 0.16j)
    sketch.disc(YELLOW, 0.27 - 0.53j, 0.05)
    sketch.anchor("top", -0.28 - 0.44j, -0.08 - 0.44j)
    return sketch.anchor("hook", 0.12 - 0.6j, 0.16 - 0.6j).anchor("cover", -0.5 - 0.5j, 0.4 - 0.2j)


def bike(colour: Colour) -> Sketch:
    """A bicycle, 1.0 wide, saddle at 0.5, handlebar at 0.58."""
    sketch = Sketch()
    for x in (-0.31, 0.31):
        sketch.ring(TYRE, x - 0.2j, 0.18, 0.04).line(GRAY, 0.012, x - 0.38j, x - 0.02j)
        sketch.line(GRAY, 0.012, x - 0.18 - 0.2j, x + 0.18 - 0.2j)
    frame = (-0.31 - 0.2j, -0.13 - 0.44j, 0.2 - 0.44j, 0.0 - 0.2j)
    sketch.line(colour, 0.042, *frame, -0.31 - 0.2j).line(colour, 0.042, 0.0 - 0.2j, -0.14 - 0.48j)
    sketch.line(colour, 0.042, 0.31 - 0.2j, 0.19 - 0.56j).line(BLACK, 0.036, 0.12 - 0.58j, 0.24 - 0.57j)
    sketch.line(BLACK, 0.06, -0.21 - 0.5j, -0.08 - 0.5j)
    sketch.anchor("top", -0.15 - 0.52j, -0.13 - 0.52j)
    return sketch.anchor("hook", 0.14 - 0.56j, 0.2 - 0.56j).anchor("cover", -0.3 - 0.5j, 0.3 - 0.2j)


FURNITURE: dict[str, Callable[[Colour], Sketch]] = {
    painter.__name__: painter for painter in (bench, bed, table, car, bus, motorcycle, bike)
}
