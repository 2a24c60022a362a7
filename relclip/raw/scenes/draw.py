"""From a composed scene to pixels: painter's order, twice the size, then reduced for smooth edges."""

import numpy as np
from PIL import Image, ImageDraw

from relclip.raw.scenes.scene import Scene
from relclip.raw.scenes.sketch import Colour, Shape, blend

OVERSAMPLING = 2


def draw(scene: Scene, size: int, sky: Colour) -> Image.Image:
    """Paint a scene as an RGB picture of `size` x `size` pixels."""
    side = size * OVERSAMPLING
    image = Image.new("RGB", (side, side), sky)
    pen = ImageDraw.Draw(image)
    for shape in _in_order(scene):
        _stroke(pen, shape, side) if shape.width else _fill(pen, shape, side)
    return image.reduce(OVERSAMPLING)


def boxes(scene: Scene, size: int) -> np.ndarray:
    """Boxes of all things, (N, 4) int64, xyxy pixels, clipped to the picture."""
    bounds = (
        np.array([thing.sketch.bounds() for thing in scene.things], dtype=np.float64).reshape(-1, 4) * size
    )
    outward = np.concatenate([np.floor(bounds[:, :2]), np.ceil(bounds[:, 2:])], axis=1)
    return np.clip(outward, 0, size).astype(np.int64)


def _in_order(scene: Scene) -> list[Shape]:
    layered = [(thing.depth, thing.sketch) for thing in scene.things] + scene.marks
    keyed = [(depth, shape.layer, shape) for depth, sketch in layered for shape in sketch.shapes]
    return [shape for _, _, shape in sorted(keyed, key=lambda entry: entry[:2])]


def _fill(pen: ImageDraw.ImageDraw, shape: Shape, side: int) -> None:
    points = [(p.real * side, p.imag * side) for p in shape.points]
    pen.polygon(points, fill=shape.colour, outline=blend(shape.colour, (0, 0, 0), 0.35))


def _stroke(pen: ImageDraw.ImageDraw, shape: Shape, side: int) -> None:
    points = [(p.real * side, p.imag * side) for p in shape.points]
    width = max(round(shape.width * side), 1)
    pen.line(points, fill=shape.colour, width=width)
    if width > 2:
        radius = width / 2 - 0.5
        for x, y in points:
            pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=shape.colour)
