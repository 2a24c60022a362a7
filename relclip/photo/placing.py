"""Where labels go: each takes the first of its candidate places that hits nothing already placed."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

Point = tuple[float, float]
Size = tuple[float, float]
Rect = tuple[float, float, float, float]  # x1, y1, x2, y2
#: Pixels between two labels, and how far from its first wish a label may be put before it is left out.
GAP = 3.0
RINGS, DIRECTIONS = 24, 16


@dataclass
class Sheet:
    """A picture of `size` (width, height) that fills with labels."""

    size: Size
    taken: list[Rect] = field(default_factory=list)

    def place(self, label: Size, wishes: Sequence[Point]) -> Rect | None:
        """Take a place for a label of this size: its top left corner at a wish, else as near the first as is free.

        None where there is none: nothing is drawn over something else.
        """
        for x, y in (*wishes, *self._around(wishes[0], label)):
            rect = self._inside(x, y, label)
            if not any(_meet(rect, other) for other in self.taken):
                self.taken.append(rect)
                return rect
        return None

    def _inside(self, x: float, y: float, label: Size) -> Rect:
        left = min(max(x, 0.0), max(self.size[0] - label[0], 0.0))
        top = min(max(y, 0.0), max(self.size[1] - label[1], 0.0))
        return left, top, left + label[0], top + label[1]

    def _around(self, centre: Point, label: Size) -> Iterator[Point]:
        """Places on growing rings around a point, half a label's height apart."""
        for ring in range(1, RINGS + 1):
            far = ring * label[1] / 2
            for turn in range(DIRECTIONS):
                angle = 2 * math.pi * turn / DIRECTIONS
                yield centre[0] + far * math.cos(angle), centre[1] + far * math.sin(angle)


def corners(box: Rect, label: Size) -> list[Point]:
    """Wishes of a box's name: above its top left corner, inside it, then the other corners."""
    x1, y1, x2, y2 = box
    width, height = label
    return [
        (x1, y1 - height),
        (x1, y1),
        (x2 - width, y1 - height),
        (x2 - width, y1),
        (x1, y2),
        (x1, y2 - height),
        (x2 - width, y2),
        (x2 - width, y2 - height),
    ]


def along(points: Sequence[Point], label: Size) -> list[Point]:
    """Wishes of an arrow's name: centred on the arrow, its middle first, then towards the ends."""
    middle = len(points) // 2
    order = sorted(range(len(points)), key=lambda place: abs(place - middle))
    inner = [place for place in order if len(points) // 6 <= place <= len(points) - 1 - len(points) // 6]
    return [(points[place][0] - label[0] / 2, points[place][1] - label[1] / 2) for place in inner]


def _meet(first: Rect, second: Rect) -> bool:
    return (
        first[0] < second[2] + GAP
        and second[0] < first[2] + GAP
        and first[1] < second[3] + GAP
        and second[1] < first[3] + GAP
    )
