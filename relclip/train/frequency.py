"""Motif's frequency bias (docs/method.md, 7): what the labels of the train images say of two classes, no picture."""

import numpy as np
from numpy.typing import NDArray

from relclip.train.labels import Labels

#: Added to every share before the logarithm, as Motif does.
SMALLEST_SHARE = 1e-3


def frequency_bias(
    classes: NDArray[np.int32], labels: Labels, objects: int, predicates: int
) -> NDArray[np.float32]:
    """log(P(r | s, o) + 1e-3) as (O + 1, O + 1, R + 1), from the ordered overlapping pairs of the train images.

    classes: (P, 2) of subject and object. A labelled pair counts each possible label with its weight, so that distant
    labels give a distant bias; a pair without a label counts as class 0. Two classes never met are background (D25).
    """
    pair = classes[:, 0].astype(np.int64) * (objects + 1) + classes[:, 1]
    labelled = np.flatnonzero(labels.row >= 0)
    entries, place = labels.entries(labels.row[labelled])
    keys = np.concatenate([pair[labels.row < 0], pair[labelled][place]]) * (predicates + 1)
    keys[len(pair) - len(labelled) :] += labels.predicates[entries]
    weights = np.concatenate([np.ones(len(pair) - len(labelled)), labels.weights[entries]])
    counts = np.bincount(keys, weights, (objects + 1) ** 2 * (predicates + 1)).reshape(-1, predicates + 1)
    counts[counts.sum(axis=1) == 0, 0] = 1
    shares = counts / counts.sum(axis=1, keepdims=True)
    table = np.log(shares + SMALLEST_SHARE).astype(np.float32)
    return table.reshape(objects + 1, objects + 1, predicates + 1)
