"""The fields of Scene-Graph-Benchmark's BoxLists, as arrays in our units: xyxy pixels of the original image."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from relclip.core.errors import InputError
from relclip.core.vocabulary import Vocabulary
from relclip.evaluate.checks import Floats, Ints, Shape, shape_words, shaped
from relclip.evaluate.inert_pickle import BoxList
from relclip.evaluate.torch_file import Tensor

_RENAME = "are they of this vocabulary, in the order of the peer's ind_to_classes and ind_to_predicates?"


@dataclass(frozen=True)
class PeerTruth:
    """Annotation of one image: size (width, height), boxes (N, 4), labels (N,), relations (R, 3) rows and predicate."""

    size: tuple[int, int]
    boxes: Floats
    labels: Ints
    relations: Ints


@dataclass(frozen=True)
class PeerPrediction:
    """Prediction for one image: boxes (N, 4), labels (N,), scores (N,); pairs (M, 2) rows, relation_scores (M, P)."""

    boxes: Floats
    labels: Ints
    scores: Floats
    pairs: Ints
    relation_scores: NDArray[np.floating]


def read_truth(value: Any, vocabulary: Vocabulary, which: int) -> PeerTruth:
    """Read one of `groundtruths`; `which`: its place in the list, for the sentence of an InputError."""
    fields = _Fields(value, f"ground truth {which}")
    boxes, size = fields.boxes(), fields.size()
    labels = fields.array("labels", (len(boxes),), "iu")
    relations = fields.array("relation_tuple", (None, 3), "iu")
    fields.check("labels", labels, 1, len(vocabulary.objects))
    fields.check("relation_tuple", relations[:, :2], 0, len(boxes) - 1)
    fields.check("relation_tuple", relations[:, 2], 1, len(vocabulary.predicates))
    return PeerTruth(size, boxes, labels.astype(np.int64), relations.astype(np.int64))


def read_prediction(
    value: Any, vocabulary: Vocabulary, which: int, size: tuple[int, int] | None = None
) -> PeerPrediction:
    """Read one of `predictions`; boxes are scaled to `size` where the peer left them at another."""
    fields = _Fields(value, f"prediction {which}")
    boxes = fields.boxes()
    if size is not None:
        boxes = boxes * np.tile(np.divide(size, fields.size()), 2)
    labels = fields.array("pred_labels", (len(boxes),), "iu")
    scores = fields.array("pred_scores", (len(boxes),), "f").astype(np.float64)
    pairs = fields.array("rel_pair_idxs", (None, 2), "iu")
    relation_scores = fields.array("pred_rel_scores", (len(pairs), len(vocabulary.predicates) + 1), "f")[
        :, 1:
    ]
    fields.check("pred_labels", labels, 1, len(vocabulary.objects))
    fields.check("rel_pair_idxs", pairs, 0, len(boxes) - 1)
    fields.finite("pred_scores", scores)
    fields.finite("pred_rel_scores", relation_scores)
    return PeerPrediction(boxes, labels.astype(np.int64), scores, pairs.astype(np.int64), relation_scores)


class _Fields:
    """Attributes and extra fields of one BoxList; every fault is one sentence that says whose it is."""

    def __init__(self, value: Any, whose: str) -> None:
        self._whose = whose
        if not isinstance(value, BoxList):
            raise InputError(f"{whose} is no BoxList but {type(value).__name__}")
        extra = value.attributes.get("extra_fields")
        self._values = {**value.attributes, **(extra if isinstance(extra, dict) else {})}

    def size(self) -> tuple[int, int]:
        """Width and height."""
        size = self._values.get("size")
        sides = (
            [side for side in size if isinstance(side, int | float)] if isinstance(size, tuple | list) else []
        )
        if len(sides) != 2 or not all(1 <= side < 1 << 31 for side in sides):
            raise InputError(f"{self._whose} has a size that is no pair of width and height in pixels")
        return int(sides[0]), int(sides[1])

    def boxes(self) -> Floats:
        """(N, 4) xyxy. A peer's width counts both edges: x2 = x1 + w - 1."""
        boxes = self.array("bbox", (None, 4), "f").astype(np.float64)
        self.finite("bbox", boxes)
        if self._values.get("mode") == "xywh":
            far = boxes[:, :2] + np.clip(boxes[:, 2:] - 1, 0, None)
            boxes = np.concatenate([boxes[:, :2], far], axis=1)
        elif self._values.get("mode") != "xyxy":
            mode = self._values.get("mode")
            met = mode[:40] if isinstance(mode, str) else type(mode).__name__
            raise InputError(f"{self._whose} has boxes in the mode {met}; known: xyxy, xywh")
        if (boxes[:, 2:] < boxes[:, :2]).any():
            raise InputError(
                f"{self._whose} has a box with x2 < x1 or y2 < y1; drop it before the dump is written"
            )
        return boxes

    def array(self, name: str, shape: Shape, kinds: str) -> NDArray[Any]:
        """The tensor of this name, of this shape (None: any); kinds: numpy's letters, `iu` whole, `f` real."""
        tensor = self._values.get(name)
        if not isinstance(tensor, Tensor):
            tensors = sorted(str(key)[:40] for key, one in self._values.items() if isinstance(one, Tensor))
            known = ", ".join(tensors[:20])
            raise InputError(f"{self._whose} has no tensor {name}; it has {known or 'none'}")
        values = tensor.array()
        fitting = shaped(values, shape)
        if fitting is None:
            raise InputError(
                f"{self._whose}: {name} has the shape {values.shape}, expected ({shape_words(shape)}); {_RENAME}"
            )
        if fitting.size and fitting.dtype.kind not in kinds:
            wanted = "whole" if "i" in kinds else "real"
            raise InputError(f"{self._whose}: {name} holds {fitting.dtype}, not {wanted} numbers")
        return fitting

    def check(self, name: str, values: NDArray[Any], low: int, high: int) -> None:
        """Raise InputError unless all values are in low..high."""
        wrong = values[(values < low) | (values > high)]
        if len(wrong):
            raise InputError(f"{self._whose}: {name} has {wrong[0]}, allowed is {low} to {high}; {_RENAME}")

    def finite(self, name: str, values: NDArray[Any]) -> None:
        """Raise InputError unless all values are numbers."""
        if not np.isfinite(values).all():
            raise InputError(f"{self._whose}: {name} holds values that are no finite numbers")
