"""The fields of Scene-Graph-Benchmark's BoxLists, as arrays in our units: xyxy pixels of the original image."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from relclip.core.errors import InputError
from relclip.core.vocabulary import Vocabulary
from relclip.evaluate.checks import Fields, Floats, Ints
from relclip.evaluate.inert_pickle import BoxList
from relclip.evaluate.torch_file import Tensor

_RENAME = "; are they of this vocabulary, in the order of the peer's ind_to_classes and ind_to_predicates?"


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
    fields = _BoxFields(value, f"ground truth {which}")
    boxes, size = fields.boxes(), fields.size()
    labels = fields.ids("labels", (len(boxes),))
    relations = fields.ids("relation_tuple", (None, 3))
    fields.check("labels", labels, 1, len(vocabulary.objects))
    fields.check("relation_tuple", relations[:, :2], 0, len(boxes) - 1)
    fields.check("relation_tuple", relations[:, 2], 1, len(vocabulary.predicates))
    return PeerTruth(size, boxes, labels, relations)


def read_prediction(
    value: Any, vocabulary: Vocabulary, which: int, size: tuple[int, int] | None = None
) -> PeerPrediction:
    """Read one of `predictions`; boxes are scaled to `size` where the peer left them at another."""
    fields = _BoxFields(value, f"prediction {which}")
    boxes = fields.boxes()
    if size is not None:
        boxes = boxes * np.tile(np.divide(size, fields.size()), 2)
    labels = fields.ids("pred_labels", (len(boxes),))
    scores = fields.numbers("pred_scores", (len(boxes),), "f")
    pairs = fields.ids("rel_pair_idxs", (None, 2))
    columns = len(vocabulary.predicates) + 1  # background first
    relation_scores = fields.array("pred_rel_scores", (len(pairs), columns), "f")[:, 1:]
    fields.check("pred_labels", labels, 1, len(vocabulary.objects))
    fields.check("rel_pair_idxs", pairs, 0, len(boxes) - 1)
    fields.finite("pred_rel_scores", relation_scores)
    return PeerPrediction(boxes, labels, scores, pairs, relation_scores)


class _BoxFields(Fields):
    """Attributes and extra fields of one BoxList."""

    def __init__(self, value: Any, whose: str) -> None:
        if not isinstance(value, BoxList):
            raise InputError(f"{whose} is no BoxList but {type(value).__name__}")
        extra = value.attributes.get("extra_fields")
        super().__init__(
            {**value.attributes, **(extra if isinstance(extra, dict) else {})}, whose, hint=_RENAME
        )

    def found(self, name: str) -> NDArray[Any]:
        """The tensor of this name."""
        tensor = self.values.get(name)
        if not isinstance(tensor, Tensor):
            tensors = sorted(str(key)[:40] for key, one in self.values.items() if isinstance(one, Tensor))
            self.refuse(f"there is no tensor {name}; it has {', '.join(tensors[:20]) or 'none'}")
        return tensor.array()

    def size(self) -> tuple[int, int]:
        """Width and height."""
        size = self.values.get("size")
        sides = size if isinstance(size, tuple | list) else ()
        if len(sides) != 2 or not all(
            isinstance(side, int | float) and 1 <= side < 1 << 31 for side in sides
        ):
            self.refuse("its size is no pair of width and height in pixels")
        return int(sides[0]), int(sides[1])

    def boxes(self) -> Floats:
        """(N, 4) xyxy. A peer's width counts both edges: x2 = x1 + w - 1."""
        boxes = self.numbers("bbox", (None, 4), "f")
        if self.values.get("mode") == "xywh":
            far = boxes[:, :2] + np.clip(boxes[:, 2:] - 1, 0, None)
            boxes = np.concatenate([boxes[:, :2], far], axis=1)
        elif self.values.get("mode") != "xyxy":
            mode = self.values.get("mode")
            met = mode[:40] if isinstance(mode, str) else type(mode).__name__
            self.refuse(f"boxes are in the mode {met}; known: xyxy, xywh")
        if (boxes[:, 2:] < boxes[:, :2]).any():
            self.refuse("a box has x2 < x1 or y2 < y1; drop it before the dump is written")
        return boxes
