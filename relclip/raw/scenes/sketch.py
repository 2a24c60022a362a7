"""A drawing as a list of flat shapes, in any unit, that can be moved, turned and measured before it is painted.

Points are complex numbers: x to the right, y downwards. A painter draws around the origin, in units of a person's
height, facing right; the composer places the sketch in the picture.
"""

import cmath
import math
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple, Self

Colour = tuple[int, int, int]
Pair = tuple[complex, complex]

#: Colours by name: what is drawn in one of them can be named so in a caption.
COLOURS: dict[str, Colour] = {
    "red": (214, 40, 40),
    "blue": (38, 84, 214),
    "green": (36, 150, 66),
    "yellow": (250, 208, 44),
    "orange": (245, 132, 30),
    "purple": (132, 60, 170),
    "pink": (246, 140, 180),
    "white": (248, 248, 248),
    "black": (34, 34, 38),
    "brown": (130, 82, 44),
    "gray": (140, 144, 150),
}
SKINS: tuple[Colour, ...] = ((250, 214, 184), (230, 184, 146), (190, 134, 92), (124, 82, 54))
HAIRS: tuple[Colour, ...] = ((40, 28, 22), (92, 56, 28), (206, 160, 74), (150, 62, 30))

WHITE, BLACK, GRAY = COLOURS["white"], COLOURS["black"], COLOURS["gray"]
YELLOW, RED, GREEN, BROWN = COLOURS["yellow"], COLOURS["red"], COLOURS["green"], COLOURS["brown"]
SNOW: Colour = (252, 253, 255)
SNOW_SHADE: Colour = (206, 220, 238)
WOOD: Colour = (150, 98, 52)
DARK_WOOD: Colour = (104, 66, 36)
STEEL: Colour = (96, 102, 112)
GLASS: Colour = (176, 216, 240)
TYRE: Colour = (30, 30, 34)
LEAF: Colour = (56, 140, 52)
ROPE: Colour = (70, 52, 40)

_ROUND = [cmath.rect(1.0, 2 * math.pi * step / 18) for step in range(18)]
OVAL = tuple((point.real, point.imag) for point in _ROUND)


class Shape(NamedTuple):
    """A filled polygon (`width` 0) or a stroke with round ends of that width. Higher layers hide lower ones."""

    points: tuple[complex, ...]
    colour: Colour
    width: float
    layer: int

    def pixels(self, side: int) -> list[tuple[float, float]]:
        """The points in a square picture of that side, where the unit is a picture."""
        return [(point.real * side, point.imag * side) for point in self.points]


def limb(angle: float, length: float) -> complex:
    """From a joint to the limb's end, `angle` degrees from straight down towards the right."""
    return cmath.rect(length, math.radians(90 - angle))


@dataclass
class Sketch:
    """Shapes, and anchors: named segments or rectangles (two corners) where other things can be put."""

    shapes: list[Shape] = field(default_factory=list)
    anchors: dict[str, Pair] = field(default_factory=dict)

    def polygon(self, colour: Colour, *points: complex, layer: int = 0) -> Self:
        """Add a filled polygon."""
        self.shapes.append(Shape(points, colour, 0.0, layer))
        return self

    def line(self, colour: Colour, width: float, *points: complex, layer: int = 0) -> Self:
        """Add a stroke through the points, with round ends."""
        self.shapes.append(Shape(points, colour, width, layer))
        return self

    def oval(self, colour: Colour, centre: complex, across: float, down: float, layer: int = 0) -> Self:
        """Add a filled ellipse with these two radii."""
        return self.polygon(colour, *[centre + complex(x * across, y * down) for x, y in OVAL], layer=layer)

    def disc(self, colour: Colour, centre: complex, radius: float, layer: int = 0) -> Self:
        """Add a filled circle."""
        return self.oval(colour, centre, radius, radius, layer)

    def ring(self, colour: Colour, centre: complex, radius: float, width: float, layer: int = 0) -> Self:
        """Add a circle's outline."""
        return self.line(colour, width, *[centre + p * radius for p in (*_ROUND, _ROUND[0])], layer=layer)

    def box(self, colour: Colour, corner: complex, opposite: complex, layer: int = 0) -> Self:
        """Add a filled upright rectangle between two corners."""
        size = opposite - corner
        across, down = complex(size.real, 0), complex(0, size.imag)
        return self.polygon(colour, corner, corner + across, corner + size, corner + down, layer=layer)

    def anchor(self, name: str, start: complex, end: complex | None = None) -> Self:
        """Name a segment or rectangle by its two ends, or a point."""
        self.anchors[name] = (start, start if end is None else end)
        return self

    def add(self, other: "Sketch") -> Self:
        """Add another sketch's shapes and anchors."""
        self.shapes.extend(other.shapes)
        self.anchors.update(other.anchors)
        return self

    def moved(
        self,
        at: complex = 0j,
        scale: float = 1.0,
        *,
        turn: float = 0.0,
        mirror: bool = False,
        flatten: float = 1.0,
        layer: int = 0,
    ) -> "Sketch":
        """Return a copy: mirrored left-right, flattened in height, turned clockwise (degrees), scaled, then moved."""
        factor, sign = cmath.rect(scale, math.radians(turn)), -1.0 if mirror else 1.0
        # x -> sign x, y -> flatten y, then the turn, as one map of the point and its conjugate
        straight, folded = factor * (sign + flatten) / 2, factor * (sign - flatten) / 2

        def place(points: tuple[complex, ...]) -> tuple[complex, ...]:
            if folded == 0:
                return tuple([at + straight * point for point in points])
            return tuple([at + straight * point + folded * point.conjugate() for point in points])

        shapes = [
            Shape(place(points), colour, width * scale, own + layer)
            for points, colour, width, own in self.shapes
        ]
        anchors = {name: place(pair) for name, pair in self.anchors.items()}
        return Sketch(shapes, {name: (pair[0], pair[1]) for name, pair in anchors.items()})

    def tinted(self, colour: Colour, strength: float) -> "Sketch":
        """Return a copy whose colours are drawn towards one colour by that fraction."""
        tinted = [one._replace(colour=blend(one.colour, colour, strength)) for one in self.shapes]
        return Sketch(tinted, self.anchors)

    def bounds(self) -> tuple[float, float, float, float]:
        """The box around all that is drawn: x1, y1, x2, y2 in the sketch's own unit."""
        filled = [point for points, _, width, _ in self.shapes if not width for point in points]
        across, down = [point.real for point in filled], [point.imag for point in filled]
        for points, _, width, _ in self.shapes:
            if width:
                x, y, half = [point.real for point in points], [point.imag for point in points], width / 2
                across += min(x) - half, max(x) + half
                down += min(y) - half, max(y) + half
        return min(across), min(down), max(across), max(down)

    def on_its_base(self) -> "Sketch":
        """Return a copy whose lowest point is at height 0 and whose middle is at 0."""
        low_x, _, high_x, high_y = self.bounds()
        return self.moved(complex(-(low_x + high_x) / 2, -high_y))

    def below_its_top(self) -> "Sketch":
        """Return a copy whose highest point is at height 0 and whose middle is at 0."""
        low_x, low_y, high_x, _ = self.bounds()
        return self.moved(complex(-(low_x + high_x) / 2, -low_y))


@lru_cache(1 << 12)
def blend(own: Colour, other: Colour, strength: float) -> Colour:
    """Mix two colours: 0 is the first, 1 the second."""
    red, green, blue = (round(a + (b - a) * strength) for a, b in zip(own, other, strict=True))
    return red, green, blue


def along(pair: Pair, fraction: float) -> complex:
    """The point that far along a segment."""
    return pair[0] + (pair[1] - pair[0]) * fraction


def within(pair: Pair, across: float, down: float) -> complex:
    """The point at these fractions of a rectangle's width and height."""
    size = pair[1] - pair[0]
    return pair[0] + complex(size.real * across, size.imag * down)


def middle(sketch: Sketch) -> complex:
    """The middle of a sketch's box."""
    low_x, low_y, high_x, high_y = sketch.bounds()
    return complex(low_x + high_x, low_y + high_y) / 2
