"""Pictures: with relations drawn in (boxes, arrows, numbered labels); figure 2, where CLIP and RelCLIP look."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib import colormaps, get_data_path
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from relclip.core.atomic import atomic_file
from relclip.core.images import read_image
from relclip.tables.examples import Box, Relation
from relclip.tables.figures.style import LIGHT, Theme, blank

LONGEST_SIDE = 720
FONT_SIZE = 22
LABEL_HEIGHT = FONT_SIZE + 8.0
LINE = 4
#: Where along its arrow a label may sit, and how many label heights above or below it, best first.
PLACES = (0.5, 0.3, 0.7, 0.1, 0.9)
SHIFTS = (0, -1, 1, -2, 2, -3, 3, -4, 4)
#: A label must not cover another one, and should not hide a thing smaller than this share of the picture.
COST_OF_A_LABEL = 5.0
COST_OF_A_STEP_ASIDE = 0.03
SMALL = 0.1
#: Of figure 2: (H, W, 3) floats 0-1; (h, w); the colours of the heat.
Picture = NDArray[np.floating]
Heat = NDArray[np.floating]
COLOURS = colormaps["turbo"]
#: How much of the picture stays under the warmest place, and under a cold one.
STRONGEST, WEAKEST = 0.65, 0.15


@dataclass(frozen=True)
class Arrow:
    """One relation on the enlarged picture: its label, its colour, the middles of both boxes (2,) in pixels."""

    label: str
    colour: str
    start: NDArray[np.float64]
    end: NDArray[np.float64]


@dataclass(frozen=True)
class Mark:
    """A relation to draw in, its label and its colour."""

    relation: Relation
    label: str
    colour: str


def numbered(relations: Sequence[Relation]) -> list[Mark]:
    """Each relation in a colour of its own, numbered as in a list beside the picture."""
    return [
        Mark(one, f"{number} {one.predicate}", LIGHT.colour(number - 1))
        for number, one in enumerate(relations, 1)
    ]


def save_marked(source: Path, marks: Sequence[Mark], path: Path) -> None:
    """Draw relations on the picture `source` and write it as a JPEG."""
    with atomic_file(path) as temporary:
        draw_marked(Image.fromarray(read_image(source)), marks).save(temporary, "JPEG", quality=82)


def draw_marked(picture: Image.Image, marks: Sequence[Mark]) -> Image.Image:
    """Return the picture, enlarged to a longest side of 720 pixels, with relations drawn in, the last on top."""
    scale = LONGEST_SIDE / max(picture.size)
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    canvas = picture.resize(size, Image.Resampling.LANCZOS)
    pen = ImageDraw.Draw(canvas)
    arrows = [_arrow(mark, scale) for mark in marks]
    for mark in marks:
        for box in (mark.relation.subject_box, mark.relation.object_box):
            pen.rectangle(_inside(box, scale, size), outline=mark.colour, width=LINE - 1)
    for arrow in arrows:
        _draw_arrow(pen, arrow)
    things = _small_things(marks, scale, size)
    taken: list[Box] = []
    for arrow in arrows:
        taken.append(_draw_label(pen, arrow, taken, things))
    return canvas


def _arrow(mark: Mark, scale: float) -> Arrow:
    boxes = np.array([mark.relation.subject_box, mark.relation.object_box], dtype=np.float64)
    start, end = (boxes[:, :2] + boxes[:, 2:]) / 2 * scale
    return Arrow(label=" ".join(mark.label.split()), colour=mark.colour, start=start, end=end)


def _inside(box: Box, scale: float, size: tuple[int, int]) -> Box:
    x1, y1, x2, y2 = (value * scale for value in box)
    return max(0.0, x1), max(0.0, y1), min(size[0] - 1.0, x2), min(size[1] - 1.0, y2)


def _small_things(marks: Sequence[Mark], scale: float, size: tuple[int, int]) -> list[Box]:
    boxes = {box for mark in marks for box in (mark.relation.subject_box, mark.relation.object_box)}
    inside = [_inside(box, scale, size) for box in sorted(boxes)]
    return [box for box in inside if _shared(box, box) < SMALL * size[0] * size[1]]


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


def _draw_label(pen: ImageDraw.ImageDraw, arrow: Arrow, taken: Sequence[Box], things: Sequence[Box]) -> Box:
    """Draw the label where it hides least; return its box."""
    font = ImageFont.truetype(str(Path(get_data_path(), "fonts", "ttf", "DejaVuSans-Bold.ttf")), FONT_SIZE)
    width = pen.textlength(arrow.label, font=font) + 12

    def cost(shift: int, place: Box) -> float:
        hidden = sum(_shared(place, thing) for thing in things)
        labels = sum(_shared(place, label) for label in taken)
        return hidden + COST_OF_A_LABEL * labels + COST_OF_A_STEP_ASIDE * abs(shift) * _shared(place, place)

    _, box = min(_places(arrow, width, pen.im.size), key=lambda place: cost(*place))
    pen.rounded_rectangle(box, radius=7, fill=arrow.colour, outline="white", width=2)
    middle = (box[0] + width / 2, box[1] + LABEL_HEIGHT / 2)
    pen.text(middle, arrow.label, fill="white", font=font, anchor="mm")
    return box


def _places(arrow: Arrow, width: float, size: tuple[int, int]) -> Iterator[tuple[int, Box]]:
    for shift in SHIFTS:
        for share in PLACES:
            x, y = arrow.start + share * (arrow.end - arrow.start)
            left = float(np.clip(x - width / 2, 0, max(0.0, size[0] - width)))
            top = float(np.clip(y + (shift - 0.5) * LABEL_HEIGHT, 0, max(0.0, size[1] - LABEL_HEIGHT)))
            yield shift, (left, top, left + width, top + LABEL_HEIGHT)


def _shared(first: Box, second: Box) -> float:
    across = min(first[2], second[2]) - max(first[0], second[0])
    down = min(first[3], second[3]) - max(first[1], second[1])
    return max(0.0, across) * max(0.0, down)


def gradcam_figure(
    theme: Theme,
    pictures: Sequence[Picture],
    clip: Sequence[Heat],
    relclip: Sequence[Heat],
    texts: Sequence[str],
    *,
    boxes: Sequence[tuple[Box, Box]] = (),
) -> Figure:
    """Draw a row a relation: the picture, CLIP's heat over it, RelCLIP's.

    `pictures` (H, W, 3) floats 0-1, `clip` and `relclip` (h, w) heat, none below zero, each stretched to the picture
    and to its own warmest place; `boxes`: subject and object of each, xyxy, pixels of its picture.
    """
    ratios = [picture.shape[0] / picture.shape[1] for picture in pictures]
    figure, axes = blank(
        0.45 + sum(1.5 * ratio + 0.25 for ratio in ratios), len(pictures), 3, height_ratios=ratios
    )
    for number, (picture, text) in enumerate(zip(pictures, texts, strict=True)):
        plain, *warm = axes[3 * number : 3 * number + 3]
        plain.imshow(picture)
        for axis, heat in zip(warm, (clip[number], relclip[number]), strict=True):
            axis.imshow(overlay(picture, heat))
        for axis in (plain, *warm):
            axis.set_axis_off()
        if boxes:
            _outline(plain, boxes[number][0], "-")
            _outline(plain, boxes[number][1], "--")
        plain.set_title(text, fontsize=8.5)
    for axis, head in zip(axes[1:3], ("CLIP", "RelCLIP"), strict=True):
        axis.set_title(head, loc="center", color=theme.muted)
    return figure


def overlay(picture: Picture, heat: Heat) -> NDArray[np.float64]:
    """Lay a heat map (h, w) over a picture (H, W, 3), floats 0-1; a map without any warmth is cold everywhere."""
    height, width = picture.shape[:2]
    heat = np.clip(np.nan_to_num(np.asarray(heat, np.float32)), 0, None)
    heat = heat / heat.max() if heat.max(initial=0) > 0 else heat
    smooth = Image.fromarray(heat, mode="F").resize((width, height), Image.Resampling.BICUBIC)
    warmth = np.clip(np.asarray(smooth, np.float64), 0, 1)
    share = (WEAKEST + (STRONGEST - WEAKEST) * warmth)[..., None]
    return np.clip((1 - share) * picture + share * COLOURS(warmth)[..., :3], 0, 1)


def _outline(axis: Axes, box: Box, style: str) -> None:
    x1, y1, x2, y2 = box
    for colour, width in ((LIGHT.text, 2.6), (LIGHT.surface, 1.3)):
        axis.add_patch(
            Rectangle((x1, y1), x2 - x1, y2 - y1, fill=False, edgecolor=colour, lw=width, linestyle=style)
        )
