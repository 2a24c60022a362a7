"""Marks that belong to no object, as comics use them: lines of speed, of sight, of a parking bay."""

from relclip.raw.scenes.palette import BLACK, WHITE
from relclip.raw.scenes.sketch import Sketch, blend

FRONT = 30  # a layer before any actor
SIGHT_COLOUR = (236, 48, 48)


def bay(sketch: Sketch) -> Sketch:
    """The white lines of a parking bay around what stands there."""
    low_x, _, high_x, _ = sketch.bounds()
    corners = (low_x - 0.02 - 0.14j, low_x - 0.1 + 0.07j, high_x + 0.02 + 0.07j, high_x + 0.1 - 0.14j)
    marks = Sketch().line(blend(WHITE, BLACK, 0.35), 0.05, *corners, layer=-6)
    return marks.line(WHITE, 0.034, *corners, layer=-5)


def speed(sketch: Sketch) -> Sketch:
    """Three lines behind something that moves to the right."""
    low_x, low_y, _, high_y = sketch.bounds()
    marks = Sketch()
    for part, length in ((0.3, 0.16), (0.55, 0.24), (0.8, 0.16)):
        y = low_y + (high_y - low_y) * part
        ends = (complex(low_x - 0.04 - length, y), complex(low_x - 0.04, y))
        marks.line(blend(WHITE, BLACK, 0.5), 0.03, *ends, layer=FRONT).line(WHITE, 0.018, *ends, layer=FRONT)
    return marks


def sight(eye: complex, target: complex, reach: float = 1.0) -> Sketch:
    """Dashes from an eye towards what it looks at, over that part of the way."""
    marks, way = Sketch(), (target - eye) * reach
    for start in (0.2, 0.42, 0.64):
        marks.line(SIGHT_COLOUR, 0.02, eye + way * start, eye + way * (start + 0.11), layer=FRONT)
    return marks
