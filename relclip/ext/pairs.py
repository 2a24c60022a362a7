"""Which pairs of an image are scored, with which predicates, and which crop each of them looks at."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from relclip.core.annotations import Annotations, Ids, load_annotations, read_triplets
from relclip.core.boxes import Boxes, overlapping_pairs, union


@dataclass(frozen=True)
class Pairs:
    """Ordered pairs of overlapping objects of one image and their crops; a pair and its reverse share a crop."""

    subject: Ids  # (P,) row of objects
    object: Ids  # (P,) row of objects
    crop: Ids  # (P,) index of boxes
    boxes: Boxes  # (U, 4) union boxes, xyxy pixels


class Candidates:
    """The knowledge base as a table: which predicates a pair of classes may have."""

    def __init__(self, triplets: Ids, classes: int, predicates: int) -> None:
        """triplets: (K, 3) subject class, predicate, object class; ids are 1-based."""
        self.table: NDArray[np.bool_] = np.zeros((classes + 1, classes + 1, predicates), dtype=bool)
        self.table[triplets[:, 0], triplets[:, 2], triplets[:, 1] - 1] = True

    def of(self, subject_class: Ids, object_class: Ids) -> NDArray[np.bool_]:
        """(P, predicates) whether each predicate is a candidate of each pair."""
        return self.table[subject_class, object_class]


def load(dataset: Path, kb: Path) -> tuple[Annotations, Candidates]:
    """The annotations, and the knowledge base as a table over their vocabulary."""
    annotations = load_annotations(dataset)
    vocabulary = annotations.vocabulary
    known = read_triplets(kb, vocabulary)
    return annotations, Candidates(known, len(vocabulary.objects), len(vocabulary.predicates))


def image_pairs(annotations: Annotations, image: int, candidates: Candidates) -> Pairs:
    """The pairs to score: in val and test every overlapping one, in train those with two or more candidates."""
    rows = annotations.rows(image)
    boxes, classes = annotations.boxes[rows], annotations.class_id[rows]
    pairs = overlapping_pairs(boxes)
    if annotations.split[image] == "train":
        pairs = pairs[candidates.of(*classes[pairs].T).sum(axis=1) >= 2]
    ends, crop = np.unique(np.sort(pairs, axis=1), axis=0, return_inverse=True)
    subject, object_ = (pairs + rows.start).T
    return Pairs(subject, object_, crop.reshape(-1), union(boxes[ends[:, 0]], boxes[ends[:, 1]]))


def pair_predicates(
    annotations: Annotations, image: int, pairs: Pairs, candidates: Candidates
) -> NDArray[np.bool_]:
    """(P, predicates) what is scored: in val and test all predicates, in train the candidates."""
    if annotations.split[image] != "train":
        return np.ones((len(pairs.subject), candidates.table.shape[2]), dtype=bool)
    return candidates.of(annotations.class_id[pairs.subject], annotations.class_id[pairs.object])
