"""BA-SGG (docs/method.md, 8): a Motif whose confusions are turned back, and its head balanced."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from relclip.core.errors import InputError
from relclip.model import Motif
from relclip.train.labels import Labels
from relclip.train.losses import multi_hot_bce, predicate_loss
from relclip.train.phases import Phases
from relclip.train.refine import balance
from relclip.train.refine.task import Refinement, Sources, Task, per_predicate


def ba_sgg(task: Task, phases: Phases) -> Refinement:
    """Semantic adjustment by the start's confusions on the train pairs, then balanced learning of the head alone."""
    model, labels, params = task.start.model, task.candidates, task.params
    if not isinstance(model, Motif):
        raise InputError("ba_sgg adjusts a Motif; give the folder of a run with model: motif as --start")
    logits = phases.ask(model, labels, params, "look for confusions")
    matrix = balance.confusion(logits, labels)
    adjusted = head_alone(model.adjusted_by(torch.from_numpy(balance.adjustment(matrix))))
    kept = balance.chosen_instances(
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
    few = balance.balanced(labels, kept, weights, shared=params.loss == "cross_entropy")
    trained = np.zeros_like(labels.weights)
    stays = np.repeat(few.row[labels.row >= 0] >= 0, np.diff(labels.start))
    trained[stays] = few.weights
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
