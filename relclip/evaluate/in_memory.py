"""Predictions and ground truth of single images, as arrays in memory, checked and joined for the evaluator."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from relclip.core.vocabulary import Vocabulary
from relclip.evaluate.checks import Fields, Floats, Ints
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
        of = f"of image {image_id}"
        return cls(
            image_id,
            _graph(Fields(found, f"predictions {of}"), vocabulary, scored=True),
            _graph(Fields(true, f"groundtruth {of}"), vocabulary, scored=False),
        )


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


def _graph(fields: Fields, vocabulary: Vocabulary, *, scored: bool) -> Graph:
    boxes = fields.array("boxes", (None, 4)).astype(np.float64)
    count = len(boxes)
    labels = fields.ids("labels", (count,))
    fields.check("labels", labels, 1, len(vocabulary.objects))
    if not np.isfinite(boxes).all() or (boxes[:, 2:] < boxes[:, :2]).any():
        fields.refuse("boxes must be finite x1, y1, x2, y2 with x1 <= x2 and y1 <= y2")
    scores = fields.numbers("scores", (count,)) if scored and "scores" in fields.values else np.ones(count)
    if scored and "pairs" in fields.values:
        relations, relation_scores = _of_pairs(fields, len(vocabulary.predicates))
    else:
        relations = fields.ids("relations", (None, 3))
        ones = np.ones(len(relations))
        relation_scores = fields.numbers("relation_scores", ones.shape) if scored else ones
    for side in (0, 2):
        fields.check("pairs" if "pairs" in fields.values else "relations", relations[:, side], 0, count - 1)
    fields.check("relations", relations[:, 1], 1, len(vocabulary.predicates))
    return Graph(boxes, labels, scores, relations, relation_scores)


def _of_pairs(fields: Fields, size: int) -> tuple[Ints, Floats]:
    """Every predicate of every pair; a background column is left out."""
    pairs = fields.ids("pairs", (None, 2))
    scores = fields.numbers("relation_scores", (len(pairs), None))
    if scores.shape[1] not in {size, size + 1} and len(pairs):
        fields.refuse(
            f"relation_scores has {scores.shape[1]} columns; {size} predicates take as many columns, or one more with"
            " background first"
        )
    scores = scores[:, scores.shape[1] - size :] if len(pairs) else scores.reshape(0, 0)
    predicates = np.tile(np.arange(1, scores.shape[1] + 1), len(pairs))
    subject, other = (np.repeat(pairs[:, side], scores.shape[1]) for side in (0, 1))
    return np.stack([subject, predicates, other], axis=1), scores.ravel()
