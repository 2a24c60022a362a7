"""What values from outside may be: each fault is one sentence that names the file, or whose it is, and the value."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from relclip.core.errors import ContractError, InputError

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


class Fields:
    """The arrays of one image from outside, by name; every fault is one sentence that says whose field it is.

    `hint`: what to look at where a shape or an id is not one of the vocabulary's.
    """

    def __init__(self, values: Mapping[str, Any], whose: str, hint: str = "") -> None:
        self.values, self._whose, self._hint = values, whose, hint

    def array(self, name: str, shape: Shape, kinds: str = "") -> NDArray[Any]:
        """The array of this name, of this shape (None: any); kinds: numpy's letters, `iu` whole, `f` real; '': any."""
        found = self.found(name)
        fitting = shaped(found, shape)
        if fitting is None:
            sides = ", ".join("any" if side is None else str(side) for side in shape)
            self.refuse(f"{name} has the shape {found.shape}; expected ({sides}){self._hint}")
        if kinds and fitting.size and fitting.dtype.kind not in kinds:
            wanted = "whole" if "i" in kinds else "real"
            self.refuse(f"{name} must hold {wanted} numbers, not {fitting.dtype}")
        return fitting

    def found(self, name: str) -> NDArray[Any]:
        """What stands under the name."""
        if name not in self.values:
            self.refuse(f"{name} is missing; the fields given are {', '.join(self.values) or 'none'}")
        return as_array(self.values[name])

    def ids(self, name: str, shape: Shape) -> Ints:
        """Whole numbers."""
        return self.array(name, shape, "iu").astype(np.int64)

    def numbers(self, name: str, shape: Shape, kinds: str = "") -> Floats:
        """Finite numbers."""
        values = self.array(name, shape, kinds).astype(np.float64)
        self.finite(name, values)
        return values

    def finite(self, name: str, values: NDArray[Any]) -> None:
        """Raise InputError unless all values are numbers."""
        if not np.isfinite(values).all():
            self.refuse(f"{name} must hold finite numbers")

    def check(self, name: str, values: NDArray[Any], low: int, high: int) -> None:
        """Raise InputError unless all values are in low..high."""
        wrong = values[(values < low) | (values > high)]
        if len(wrong):
            self.refuse(f"{name} has {wrong[0]}; allowed is {low} to {high}{self._hint}")

    def refuse(self, fault: str) -> NoReturn:
        """Raise InputError that says whose fault it is."""
        raise InputError(f"{self._whose}: {fault}")


def as_array(values: Any) -> NDArray[Any]:
    """An array of a list, an array or a tensor on any device (torch is not imported)."""
    if hasattr(values, "detach"):
        values = values.detach().cpu()
        values = (values.float() if str(values.dtype) == "torch.bfloat16" else values).numpy()
    return np.asarray(values)
