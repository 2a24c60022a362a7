"""Predictions and ground truth of single images, as arrays in memory, checked and joined for the evaluator."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from relclip.core.errors import InputError
from relclip.core.vocabulary import Vocabulary
from relclip.evaluate.checks import Floats, Ints, Shape, shape_words, shaped
from relclip.evaluate.inputs import GroundTruth, Objects, Relations


@dataclass(frozen=True)
class Graph:
    """Objects of one image: boxes (N, 4) xyxy, labels (N,), scores (N,); relations (R, 3) rows, their scores (R,)."""

    boxes: Floats
    labels: Ints
    scores: Floats
    relations: Ints
    relation_scores: Floats


@dataclass(frozen=True)
class Image:
    """One image: its id, what was found, what is true."""

    image_id: int
    found: Graph
    true: Graph

    @classmethod
    def read(
        cls, image_id: int, found: Mapping[str, Any], true: Mapping[str, Any], vocabulary: Vocabulary
    ) -> "Image":
        """Check the fields that `accumulator.SceneGraphRecall.update` describes. Raises InputError."""
        graphs = []
        for fields, whose in ((found, "predictions"), (true, "groundtruth")):
            reader = _Reader(fields, f"{whose} of image {image_id}", vocabulary)
            graphs.append(reader.graph(scored=whose == "predictions"))
        return cls(image_id, *graphs)


def images_as_arrays(
    images: Sequence[Image], vocabulary: Vocabulary
) -> tuple[GroundTruth, Objects, Relations]:
    """Join images (at least one, each id once) for `hits.first_hits_of`. Object ids are the rows of their boxes."""
    images = sorted(images, key=lambda image: image.image_id)
    ids = np.array([image.image_id for image in images], np.int64)
    true = _joined([image.true for image in images])
    return GroundTruth(vocabulary, ids, *true), *_joined([image.found for image in images])


def _joined(graphs: Sequence[Graph]) -> tuple[Objects, Relations]:
    counts = np.array([len(graph.boxes) for graph in graphs])
    first = np.cumsum(counts) - counts
    objects = Objects(
        np.repeat(np.arange(len(graphs)), counts),
        np.concatenate([np.arange(count) for count in counts]),
        np.concatenate([graph.labels for graph in graphs]),
        np.concatenate([graph.boxes for graph in graphs]),
        np.concatenate([graph.scores for graph in graphs]),
    )
    lengths = np.array([len(graph.relations) for graph in graphs])
    rows = np.concatenate([graph.relations for graph in graphs])
    offset = np.repeat(first, lengths)
    scores = np.concatenate([graph.relation_scores for graph in graphs])
    image = np.repeat(np.arange(len(graphs)), lengths)
    return objects, Relations(image, rows[:, 0] + offset, rows[:, 1], rows[:, 2] + offset, scores)


class _Reader:
    """Reads the fields of one graph; every fault is one sentence that says whose field it is."""

    def __init__(self, fields: Mapping[str, Any], whose: str, vocabulary: Vocabulary) -> None:
        self._fields, self._whose = fields, whose
        self._classes, self._predicates = len(vocabulary.objects), len(vocabulary.predicates)

    def graph(self, *, scored: bool) -> Graph:
        boxes = self._array("boxes", (None, 4)).astype(np.float64)
        count = len(boxes)
        labels = self._whole("labels", (count,))
        self._check("labels", labels, 1, self._classes)
        if not np.isfinite(boxes).all() or (boxes[:, 2:] < boxes[:, :2]).any():
            self._refuse("boxes", "must be finite x1, y1, x2, y2 with x1 <= x2 and y1 <= y2")
        scores = self._numbers("scores", (count,)) if scored and "scores" in self._fields else np.ones(count)
        relations, relation_scores = self._relations(scored)
        for side in (0, 2):
            self._check("pairs" if "pairs" in self._fields else "relations", relations[:, side], 0, count - 1)
        self._check("relations", relations[:, 1], 1, self._predicates)
        return Graph(boxes, labels, scores, relations, relation_scores)

    def _relations(self, scored: bool) -> tuple[Ints, Floats]:
        if scored and "pairs" in self._fields:
            return self._of_pairs()
        relations = self._whole("relations", (None, 3))
        count = len(relations)
        return relations, self._numbers("relation_scores", (count,)) if scored else np.ones(count)

    def _of_pairs(self) -> tuple[Ints, Floats]:
        """Every predicate of every pair; a background column is left out."""
        pairs = self._whole("pairs", (None, 2))
        scores = self._numbers("relation_scores", (len(pairs), None))
        if scores.shape[1] not in {self._predicates, self._predicates + 1} and len(pairs):
            self._refuse(
                "relation_scores",
                f"has {scores.shape[1]} columns; {self._predicates} predicates take as many columns, or one more"
                " with background first",
            )
        scores = scores[:, scores.shape[1] - self._predicates :] if len(pairs) else scores.reshape(0, 0)
        predicates = np.tile(np.arange(1, scores.shape[1] + 1), len(pairs))
        subject, other = (np.repeat(pairs[:, side], scores.shape[1]) for side in (0, 1))
        return np.stack([subject, predicates, other], axis=1), scores.ravel()

    def _numbers(self, name: str, shape: Shape) -> Floats:
        values = self._array(name, shape).astype(np.float64)
        if not np.isfinite(values).all():
            self._refuse(name, "must hold finite numbers")
        return values

    def _whole(self, name: str, shape: Shape) -> Ints:
        values = self._array(name, shape)
        if values.size and values.dtype.kind not in "iu":
            self._refuse(name, f"must hold whole numbers, not {values.dtype}")
        return values.astype(np.int64)

    def _array(self, name: str, shape: Shape) -> NDArray[Any]:
        if name not in self._fields:
            self._refuse(name, f"is missing; the fields given are {', '.join(self._fields) or 'none'}")
        values = as_array(self._fields[name])
        fitting = shaped(values, shape)
        if fitting is None:
            self._refuse(name, f"has the shape {values.shape}; expected ({shape_words(shape)})")
        return fitting

    def _check(self, name: str, values: Ints, low: int, high: int) -> None:
        wrong = values[(values < low) | (values > high)]
        if len(wrong):
            self._refuse(name, f"has {wrong[0]}; allowed is {low} to {high}")

    def _refuse(self, name: str, fault: str) -> NoReturn:
        raise InputError(f"{self._whose}: {name} {fault}")


def as_array(values: Any) -> NDArray[Any]:
    """An array of a list, an array or a tensor on any device (torch is not imported)."""
    if hasattr(values, "detach"):
        values = values.detach().cpu()
        values = (values.float() if str(values.dtype) == "torch.bfloat16" else values).numpy()
    return np.asarray(values)
