"""What the labels of the train images say of two classes: where Motif's frequency bias starts (docs/method.md, 7)."""

import numpy as np
from numpy.typing import NDArray

from relclip.train.labels import Labels


def label_counts(
    classes: NDArray[np.int32], labels: Labels, objects: int, predicates: int
) -> NDArray[np.float64]:
    """How much the labels give each predicate of two classes, (O + 1, O + 1, R + 1), of the ordered overlapping pairs.

    classes: (P, 2) of subject and object. A labelled pair counts each possible label with its weight, so that distant
    labels give a distant count; a pair without a label counts as class 0 (D25).
    """
    pair = classes[:, 0].astype(np.int64) * (objects + 1) + classes[:, 1]
    labelled = np.flatnonzero(labels.row >= 0)
    entries, place = labels.entries(labels.row[labelled])
    keys = np.concatenate([pair[labels.row < 0], pair[labelled][place]]) * (predicates + 1)
    keys[len(pair) - len(labelled) :] += labels.predicates[entries]
    weights = np.concatenate([np.ones(len(pair) - len(labelled)), labels.weights[entries]])
    counts = np.bincount(keys, weights, (objects + 1) ** 2 * (predicates + 1)).astype(np.float64)
    return counts.reshape(objects + 1, objects + 1, predicates + 1)
