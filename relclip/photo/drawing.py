"""The picture with its boxes, arrows from subject to object, and labels that do not lie on each other."""

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from PIL import Image, ImageColor, ImageDraw, ImageFont

from relclip.photo.colours import text_on
from relclip.photo.graph import Relation, SceneGraph
from relclip.photo.placing import Point, Rect, Sheet, Size, along, corners

#: The longest side of what is drawn: small pictures are enlarged so that labels can be read.
SMALLEST, LARGEST = 960, 1600
#: Drawn so many times larger and shrunk: Pillow's lines have no smooth edges of their own.
FINER = 2
STEPS = 24
_INK, _PAPER = "#14191f", "#ffffff"
Colour = tuple[int, int, int, int]


def draw(picture: Image.Image, graph: SceneGraph, palette: Mapping[str, str], top: int) -> Image.Image:
    """RGB picture with the first `top` relations and the boxes they name; without relations, all boxes.

    `picture`: the photo at any size (it is shown at SMALLEST to LARGEST pixels); boxes are scaled to it.
    """
    shown = _resized(picture)
    relations, rows = graph.first(top)
    scale = shown.width / graph.width, shown.height / graph.height
    boxes = {row: _scaled(graph.objects[row].box, scale) for row in rows}
    canvas = _Canvas(shown)
    for row in rows:
        canvas.box(boxes[row])
    lines = [(one, curve(boxes[one.subject], boxes[one.object])) for one in reversed(relations)]
    for one, points in lines:
        canvas.arrow(points, palette[one.predicate])
    drawn = canvas.flattened()
    _label(drawn, graph, boxes, list(reversed(lines)), palette)
    return drawn


def curve(first: Rect, second: Rect) -> list[Point]:
    """A bent line from box to box, centre to centre; the way back bends to the other side. STEPS + 1 points."""
    (x1, y1), (x2, y2) = _centre(first), _centre(second)
    length = math.hypot(x2 - x1, y2 - y1)
    if length < 1:
        x2, y2, length = x1 + 1, y1 - 1, math.sqrt(2)
    bend = 0.14 + 20 / (length + 20) * 0.4
    middle = (x1 + x2) / 2 + (y2 - y1) * bend, (y1 + y2) / 2 - (x2 - x1) * bend
    points = []
    for step in range(STEPS + 1):
        t = step / STEPS
        points.append(
            (
                (1 - t) ** 2 * x1 + 2 * t * (1 - t) * middle[0] + t * t * x2,
                (1 - t) ** 2 * y1 + 2 * t * (1 - t) * middle[1] + t * t * y2,
            )
        )
    return points


class _Canvas:
    """Lines over a picture, FINER times as large."""

    def __init__(self, picture: Image.Image) -> None:
        self.picture = picture
        self.layer = Image.new("RGBA", (picture.width * FINER, picture.height * FINER), (0, 0, 0, 0))
        self.pen = ImageDraw.Draw(self.layer)
        self.width = max(2.0, max(picture.size) / 420)

    def box(self, rect: Rect) -> None:
        """A white frame on a dark one, seen on any ground."""
        for colour, width in ((_rgba(_INK, 150), 2.2), (_rgba(_PAPER, 240), 1.0)):
            corners_ = [side * FINER for side in rect]
            self.pen.rectangle(corners_, outline=colour, width=round(self.width * width * FINER * 0.75))

    def arrow(self, points: Sequence[Point], colour: str) -> None:
        """A bent arrow with a dot where it begins."""
        finer = [(x * FINER, y * FINER) for x, y in points]
        wide = self.width * FINER
        for fill, extra in ((_rgba(_PAPER, 220), 1.9), (_rgba(colour, 255), 1.0)):
            self.pen.line(finer[:-1], fill=fill, width=round(wide * 1.5 * extra), joint="curve")
            self._dot(finer[0], wide * 2.0 * (1.3 if extra > 1 else 1.0), fill)
            self._head(finer, wide * 5 * (1.35 if extra > 1 else 1.0), fill)

    def flattened(self) -> Image.Image:
        """The picture with its lines, RGB."""
        small = self.layer.resize(self.picture.size, Image.Resampling.LANCZOS)
        return Image.alpha_composite(self.picture.convert("RGBA"), small).convert("RGB")

    def _dot(self, at: Point, radius: float, fill: Colour) -> None:
        self.pen.ellipse([at[0] - radius, at[1] - radius, at[0] + radius, at[1] + radius], fill=fill)

    def _head(self, points: Sequence[Point], size: float, fill: Colour) -> None:
        (x0, y0), (x1, y1) = points[-4], points[-1]
        angle = math.atan2(y1 - y0, x1 - x0)
        sides = [(x1 + size * 0.25 * math.cos(angle), y1 + size * 0.25 * math.sin(angle))]
        for turn in (2.65, -2.65):
            sides.append((x1 + size * math.cos(angle + turn), y1 + size * math.sin(angle + turn)))
        self.pen.polygon(sides, fill=fill)


def _label(
    drawn: Image.Image,
    graph: SceneGraph,
    boxes: Mapping[int, Rect],
    lines: Sequence[tuple[Relation, list[Point]]],
    palette: Mapping[str, str],
) -> None:
    """Names of boxes, then of arrows, the best relation first: what finds no room is left to the page."""
    pen = _Pen(drawn)
    for _, points in lines:
        pen.keep_free(points[0], points[-2])
    for row, rect in boxes.items():
        pen.write(graph.objects[row].label, _INK, _PAPER, partial(corners, rect))
    for one, points in lines:
        colour = palette[one.predicate]
        pen.write(one.predicate, colour, text_on(colour), partial(along, points))


class _Pen:
    """Labels on a picture, none over another."""

    def __init__(self, picture: Image.Image) -> None:
        self.pen, self.sheet = ImageDraw.Draw(picture), Sheet(picture.size)
        self.size = max(13, round(max(picture.size) / 58))
        self.pad = self.size * 0.32

    def keep_free(self, *spots: Point) -> None:
        """No label over these: where arrows begin and end."""
        near = self.size * 0.35
        self.sheet.taken += [(x - near, y - near, x + near, y + near) for x, y in spots]

    def write(self, text: str, ground: str, ink: str, wishes: Callable[[Size], list[Point]]) -> None:
        """Put a label where one of its wishes, asked for with its size, is free; nowhere if nothing near is."""
        font = font_for(text, self.size)
        size = self.pen.textlength(text, font=font) + 2 * self.pad, self.size * 1.15 + self.pad
        rect = self.sheet.place(size, wishes(size))
        if rect is None:
            return
        self.pen.rounded_rectangle(rect, radius=self.pad, fill=ground, outline=_PAPER, width=1)
        middle = (rect[0] + rect[2]) / 2, (rect[1] + rect[3]) / 2
        self.pen.text(middle, text, font=font, fill=ink, anchor="mm")


def font_for(text: str, size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Pillow's own font; for letters that it lacks, DejaVu where the machine has it."""
    if not text.isascii():
        try:
            return ImageFont.truetype("DejaVuSans.ttf", size)
        except OSError:
            pass
    return ImageFont.load_default(size)


def _resized(picture: Image.Image) -> Image.Image:
    longest = max(picture.size)
    factor = min(max(longest, SMALLEST), LARGEST) / longest
    size = max(1, round(picture.width * factor)), max(1, round(picture.height * factor))
    return picture.convert("RGB").resize(size, Image.Resampling.LANCZOS)


def _scaled(box: tuple[float, ...], scale: tuple[float, float]) -> Rect:
    return box[0] * scale[0], box[1] * scale[1], box[2] * scale[0], box[3] * scale[1]


def _centre(box: Rect) -> Point:
    return (box[0] + box[2]) / 2, (box[1] + box[3]) / 2


def _rgba(colour: str, alpha: int) -> Colour:
    red, green, blue = ImageColor.getrgb(colour)[:3]
    return red, green, blue, alpha
