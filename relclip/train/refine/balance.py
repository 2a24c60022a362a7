"""BA-SGG's two adjustments (docs/method.md, 8): of the logits by a confusion matrix, of the labels by their number."""

import numpy as np
from numpy.typing import NDArray

from relclip.core.seeds import stream
from relclip.train.labels import LEFT_OUT, Labels
from relclip.train.refine.estep import SMALLEST_WEIGHT, only


def confusion(logits: NDArray[np.float32], labels: Labels) -> NDArray[np.float64]:
    """M[ground truth, predicted] of a model's logits (L, R + 1) on the labelled pairs: (R + 1, R + 1).

    Foreground only: the prediction is the best of columns 1 to R; M_00 = 1. A candidate counts with its weight (D27).
    """
    matrix = np.zeros((logits.shape[1], logits.shape[1]))
    matrix[0, 0] = 1.0
    if len(logits):
        predicted = np.repeat(logits[:, 1:].argmax(axis=1) + 1, np.diff(labels.start))
        np.add.at(matrix, (labels.predicates, predicted), labels.weights.astype(np.float64))
    return matrix


def adjustment(matrix: NDArray[np.float64]) -> NDArray[np.float32]:
    """C = (T + I) / 2 with T the confusion matrix of which each row sums to 1; logits' = C z. (R + 1, R + 1).

    The row of a predicate that no pair has is the identity's.
    """
    identity = np.eye(len(matrix))
    total = matrix.sum(axis=1, keepdims=True)
    transition = np.where(total > 0, matrix / np.where(total > 0, total, 1.0), identity)
    return ((transition + identity) / 2).astype(np.float32)


def chosen_instances(
    labels: Labels, predicates: int, at_most: int, frequent: int, seed: int
) -> NDArray[np.bool_]:
    """Which instances balanced learning keeps: (E,). An instance is one possible label of one pair (D28).

    Of each of the `frequent` predicates with the most instances (ties: the lower id) a seeded choice of at most
    `at_most`; of the others all.
    """
    counts = np.bincount(labels.predicates, minlength=predicates + 1)[1:]
    kept = np.ones(len(labels.predicates), bool)
    for predicate in np.argsort(-counts, kind="stable")[:frequent] + 1:
        instances = np.flatnonzero(labels.predicates == predicate)
        if len(instances) > at_most:
            kept[instances] = False
            kept[stream(seed, "balance", int(predicate)).choice(instances, at_most, replace=False)] = True
    return kept


def balanced(labels: Labels, kept: NDArray[np.bool_], weights: NDArray[np.float32], shared: bool) -> Labels:
    """The labels with the instances `kept` (E,) alone; a pair left with none trains as nothing, not as background
    (D29).

    weights: (E,) of each instance; `shared`: those of a pair are made to sum to 1 again. An instance that was left out
    of a pair that stays weighs next to nothing: the loss asks neither for it nor against it.
    """
    counts = np.diff(labels.start)
    weights = np.where(kept, weights, SMALLEST_WEIGHT).astype(np.float32)
    pair = np.repeat(np.arange(len(counts)), counts)
    if shared:
        weights /= np.bincount(pair, weights, len(counts)).astype(np.float32)[pair]
    some = np.bincount(pair, kept, len(counts)) > 0
    left = only(labels, some, np.maximum(weights, SMALLEST_WEIGHT))
    left.row[(labels.row >= 0) & (left.row < 0)] = LEFT_OUT
    return left
