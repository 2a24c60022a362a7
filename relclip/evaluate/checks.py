"""What values in a file from outside may be: each fault is one sentence that names the file and the value."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from relclip.core.errors import ContractError

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Shape = tuple[int | None, ...]  # None: any number

#: Bounds of what is still a pixel or a score: their areas and products stay finite numbers.
LARGEST_PIXEL, LARGEST_SCORE = 1e9, 1e50


def check_range(ids: Ints, largest: int, name: str, what: str, path: Path) -> None:
    """Raise ContractError unless all ids are in 1..largest."""
    wrong = ids[(ids < 1) | (ids > largest)]
    if len(wrong):
        raise ContractError(
            f"{path} has {name} {wrong[0]}; vocabulary.json has {largest} {what}, so ids are"
            f" 1 to {largest} (0 is background)"
        )


def check_ids(ids: Ints, image_ids: Ints, path: Path) -> None:
    """Raise ContractError for a negative object id."""
    if (ids < 0).any():
        row = int((ids < 0).argmax())
        raise ContractError(f"{path} has the object {ids[row]} in image {image_ids[row]}; ids count from 0")


def check_finite(score: Floats, image_ids: Ints, path: Path) -> None:
    """Raise ContractError unless all scores are finite numbers of a size that can be multiplied."""
    wrong = ~(np.abs(score) <= LARGEST_SCORE)
    if wrong.any():
        row = int(wrong.argmax())
        raise ContractError(
            f"{path} has the score {score[row]} in image {image_ids[row]}; scores must be finite numbers, at"
            f" most {LARGEST_SCORE:g}"
        )


def check_boxes(boxes: Floats, image_ids: Ints, object_ids: Ints, path: Path) -> None:
    """Raise ContractError unless all boxes are finite and not inside out."""
    wrong = (
        ~(np.abs(boxes) <= LARGEST_PIXEL).all(axis=1)
        | (boxes[:, 2] < boxes[:, 0])
        | (boxes[:, 3] < boxes[:, 1])
    )
    if wrong.any():
        row = int(wrong.argmax())
        raise ContractError(
            f"{path}: object {object_ids[row]} of image {image_ids[row]} has the box {boxes[row].tolist()};"
            " boxes are x1, y1, x2, y2 in pixels with x1 <= x2 and y1 <= y2"
        )


def shaped(values: NDArray[Any], shape: Shape) -> NDArray[Any] | None:
    """`values` where they have this shape, None where not; an empty array has often lost its columns."""
    empty = [side or 0 for side in shape]
    if not values.size and 0 in empty:
        return values.reshape(empty)
    fits = values.ndim == len(shape) and all(
        side in {None, there} for side, there in zip(shape, values.shape, strict=True)
    )
    return values if fits else None


def shape_words(shape: Shape) -> str:
    """(None, 4) -> `any, 4`."""
    return ", ".join("any" if side is None else str(side) for side in shape)
