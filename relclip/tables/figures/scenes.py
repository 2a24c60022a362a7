"""A picture with its annotated relations drawn in: boxes, arrows, numbered labels."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib import get_data_path
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from relclip.core.atomic import atomic_file
from relclip.core.images import read_image
from relclip.tables.figures.style import LIGHT
from relclip.tables.samples import Box, Relation, Scene

LONGEST_SIDE = 720
FONT_SIZE = 22
LABEL_HEIGHT = FONT_SIZE + 8.0
LINE = 4
#: Where on its arrow a label may sit, best first; the first place that no earlier label covers is taken.
PLACES = (0.5, 0.36, 0.64, 0.24, 0.76, 0.12, 0.88)
#: And how many label heights beside it.
SHIFTS = (0, 1, -1, 2, -2)


@dataclass(frozen=True)
class Arrow:
    """One relation on the enlarged picture: its label, its colour, the middles of both boxes (2,) in pixels."""

    label: str
    colour: str
    start: NDArray[np.float64]
    end: NDArray[np.float64]


def save_scene(raw: Path, scene: Scene, path: Path) -> None:
    """Draw one scene on its picture from `raw` and write it as a JPEG."""
    with atomic_file(path) as temporary:
        draw_scene(Image.fromarray(read_image(raw / scene.file)), scene).save(temporary, "JPEG", quality=82)


def draw_scene(picture: Image.Image, scene: Scene) -> Image.Image:
    """Return the picture, enlarged to a longest side of 720 pixels, with its relations drawn in."""
    scale = LONGEST_SIDE / max(picture.size)
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    canvas = picture.resize(size, Image.Resampling.LANCZOS)
    pen = ImageDraw.Draw(canvas)
    arrows = [_arrow(number, relation, scale) for number, relation in enumerate(scene.relations)]
    for relation, arrow in zip(scene.relations, arrows, strict=True):
        for box in (relation.subject_box, relation.object_box):
            pen.rectangle(_inside(box, scale, size), outline=arrow.colour, width=LINE // 2)
    for arrow in arrows:
        _draw_arrow(pen, arrow)
    taken: list[Box] = []
    for arrow in arrows:
        taken.append(_draw_label(pen, arrow, taken, size))
    return canvas


def _arrow(number: int, relation: Relation, scale: float) -> Arrow:
    boxes = np.array([relation.subject_box, relation.object_box], dtype=np.float64)
    start, end = (boxes[:, :2] + boxes[:, 2:]) / 2 * scale
    label = f"{number + 1} {' '.join(relation.predicate.split())}"
    return Arrow(label, LIGHT.series[number % len(LIGHT.series)], start, end)


def _inside(box: Box, scale: float, size: tuple[int, int]) -> Box:
    x1, y1, x2, y2 = (value * scale for value in box)
    return max(0.0, x1), max(0.0, y1), min(size[0] - 1.0, x2), min(size[1] - 1.0, y2)


def _draw_arrow(pen: ImageDraw.ImageDraw, arrow: Arrow) -> None:
    length = float(np.hypot(*(arrow.end - arrow.start))) or 1.0
    along = (arrow.end - arrow.start) / length
    across = np.array([-along[1], along[0]])
    head = min(20.0, length / 2)
    for width, ink in ((LINE + 4, "white"), (LINE, arrow.colour)):
        pen.line([tuple(arrow.start), tuple(arrow.end - along * head / 2)], fill=ink, width=width)
    back = arrow.end - along * head
    tip = [arrow.end, back + across * head * 0.55, back - across * head * 0.55]
    pen.polygon([tuple(point) for point in tip], fill=arrow.colour, outline="white")
    pen.ellipse([*(arrow.start - 6), *(arrow.start + 6)], fill=arrow.colour, outline="white")


def _draw_label(pen: ImageDraw.ImageDraw, arrow: Arrow, taken: Sequence[Box], size: tuple[int, int]) -> Box:
    font = ImageFont.truetype(str(Path(get_data_path(), "fonts", "ttf", "DejaVuSans-Bold.ttf")), FONT_SIZE)
    width = pen.textlength(arrow.label, font=font) + 12
    box = min(_places(arrow, width, size), key=lambda place: sum(_shared(place, other) for other in taken))
    pen.rounded_rectangle(box, radius=7, fill=arrow.colour, outline="white", width=2)
    middle = (box[0] + width / 2, box[1] + LABEL_HEIGHT / 2)
    pen.text(middle, arrow.label, fill="white", font=font, anchor="mm")
    return box


def _places(arrow: Arrow, width: float, size: tuple[int, int]) -> Iterator[Box]:
    for shift in SHIFTS:
        for share in PLACES:
            x, y = arrow.start + share * (arrow.end - arrow.start)
            left = float(np.clip(x - width / 2, 0, max(0.0, size[0] - width)))
            top = float(np.clip(y + (shift - 0.5) * LABEL_HEIGHT, 0, max(0.0, size[1] - LABEL_HEIGHT)))
            yield left, top, left + width, top + LABEL_HEIGHT


def _shared(first: Box, second: Box) -> float:
    across = min(first[2], second[2]) - max(first[0], second[0])
    down = min(first[3], second[3]) - max(first[1], second[1])
    return max(0.0, across) * max(0.0, down)
