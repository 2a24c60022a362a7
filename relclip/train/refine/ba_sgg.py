"""BA-SGG (docs/method.md, 8): a Motif whose confusions are turned back, and its head balanced."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from relclip.core.errors import InputError
from relclip.core.seeds import stream
from relclip.model import Motif
from relclip.train.labels import LEFT_OUT, Labels, per_predicate
from relclip.train.phases import Phases
from relclip.train.refine.task import Refinement, Sources, Task
from relclip.train.refine.visualds import SMALLEST_WEIGHT, only
from relclip.train.trainer import multi_hot_bce, predicate_loss


def ba_sgg(task: Task, phases: Phases) -> Refinement:
    """Semantic adjustment by the start's confusions on the train pairs, then balanced learning of the head alone."""
    model, labels, params = task.start.model, task.candidates, task.params
    if not isinstance(model, Motif):
        raise InputError("ba_sgg adjusts a Motif; give the folder of a run with model: motif as --start")
    logits = phases.ask(model, labels, params, "look for confusions")
    matrix = confusion(logits, labels)
    adjusted = head_alone(model.adjusted_by(torch.from_numpy(adjustment(matrix))))
    kept = chosen_instances(
        labels, len(task.predicates), params.balance.at_most, params.balance.frequent, params.seed
    )
    few, weights = balanced_labels(task, kept)
    trained = phases.train(params, few, adjusted, name="head", weighted=True, frozen=True)
    counts = {
        "instances": per_predicate(task.predicates, labels.predicates),
        "instances_kept": per_predicate(task.predicates, labels.predicates[kept]),
        "pairs_left_out": len(labels.start) - len(few.start),
        **confusions(matrix, task.predicates),
    }
    return Refinement(trained, Sources(weights, kept, task.clip), counts)


def head_alone(model: Motif) -> Motif:
    """Return the network with everything frozen but its predicate head."""
    model.requires_grad_(False)
    for parameter in model.predicate_head_parameters():
        parameter.requires_grad_(True)
    return model


def balanced_labels(task: Task, kept: NDArray[np.bool_]) -> tuple[Labels, NDArray[np.float32]]:
    """The balanced labels, and the weight (E,) with which each candidate trains, 0 where it was left out.

    Labels that the start's loss does not weigh weigh 1 each, distributions of a cross-entropy sum to 1.
    """
    labels, params = task.candidates, task.params
    unweighted = predicate_loss(params) is multi_hot_bce
    weights = np.ones_like(labels.weights) if unweighted else labels.weights
    few = balanced(labels, kept, weights, shared=params.loss == "cross_entropy")
    trained = np.zeros_like(labels.weights)
    trained[few.row[labels.pairs] >= 0] = few.weights
    return few, np.where(kept, trained, 0.0).astype(np.float32)


def confusions(matrix: NDArray[np.float64], names: Sequence[str]) -> dict[str, Any]:
    """For each predicate the share of its labels that the model predicted, and what it predicted most instead."""
    shares = matrix[1:, 1:] / np.maximum(matrix[1:, 1:].sum(axis=1, keepdims=True), 1e-12)
    others = np.where(np.eye(len(names), dtype=bool), -1.0, shares)
    worst = others.argmax(axis=1)
    return {
        "predicted_right": dict(zip(names, shares.diagonal().round(4).tolist(), strict=True)),
        "predicted_instead": {
            name: {names[other]: round(float(shares[row, other]), 4)}
            for row, (name, other) in enumerate(zip(names, worst, strict=True))
            if shares[row, other] > 0 and row != other
        },
    }


def confusion(logits: NDArray[np.float32], labels: Labels) -> NDArray[np.float64]:
    """M[ground truth, predicted] of a model's logits (L, R + 1) on the labelled pairs: (R + 1, R + 1).

    Foreground only: the prediction is the best of columns 1 to R; M_00 = 1. A candidate counts with its weight (D27).
    """
    matrix = np.zeros((logits.shape[1], logits.shape[1]))
    matrix[0, 0] = 1.0
    if len(logits):
        predicted = (logits[:, 1:].argmax(axis=1) + 1)[labels.rows]
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
    weights, rows = np.where(kept, weights, SMALLEST_WEIGHT).astype(np.float32), labels.rows
    if shared:
        weights /= np.bincount(rows, weights).astype(np.float32)[rows]
    left = only(labels, np.bincount(rows, kept) > 0, np.maximum(weights, SMALLEST_WEIGHT))
    left.row[(labels.row >= 0) & (left.row < 0)] = LEFT_OUT
    return left
