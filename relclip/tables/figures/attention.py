"""Figure 2: where CLIP and where RelCLIP look when they are asked for a relation (Grad-CAM)."""

from collections.abc import Sequence

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray
from PIL import Image

from relclip.tables.figures.style import Theme, blank

Picture = NDArray[np.floating]
Heat = NDArray[np.floating]
Box = tuple[float, float, float, float]
HEADS = ("picture", "CLIP", "RelCLIP")
COLOURS = colormaps["turbo"]
#: How much of the picture stays under the warmest place, and under a cold one.
STRONGEST, WEAKEST = 0.65, 0.15
WHITE = "#ffffff"


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
        for box, style in zip(boxes[number] if boxes else (), ("-", "--"), strict=False):
            _outline(plain, box, style)
        plain.set_title(text, fontsize=8.5)
    for axis, head in zip(axes[1:3], HEADS[1:], strict=True):
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
    for colour, width in (("#1f2933", 2.6), (WHITE, 1.3)):
        axis.add_patch(
            Rectangle((x1, y1), x2 - x1, y2 - y1, fill=False, edgecolor=colour, lw=width, linestyle=style)
        )
