"""VisualDS (docs/method.md, 6): the E-step labels anew, the M-step trains on it; also semi-supervised."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from relclip.core.errors import InputError
from relclip.core.params.train import Train
from relclip.model import Model
from relclip.train.labels import Labels, of_pairs, per_predicate, softmax_within
from relclip.train.phases import Phases
from relclip.train.refine.task import Refinement, Sources, Task, slower

#: A candidate never weighs 0: the losses would take it for no candidate.
SMALLEST_WEIGHT = float(np.finfo(np.float32).tiny)


@dataclass(frozen=True, eq=False)
class Opinion:
    """What a model says of L labelled pairs with E candidates in all."""

    shares: NDArray[np.float32]  # (E,) softmax over the candidates of the pair
    background: NDArray[np.float32]  # (L,) P(background): softmax over the candidates and background


def opinion(logits: NDArray[np.float32], labels: Labels) -> Opinion:
    """Read off a model's logits (L, R + 1) of the labelled pairs, column 0 is background, what it says of them."""
    candidates = logits[labels.rows, labels.predicates].astype(np.float64)
    before = labels.start[:-1]  # a pair's background goes before its candidates
    with_background = np.insert(candidates, before, logits[:, 0].astype(np.float64))
    start = labels.start + np.arange(len(labels.start))
    return Opinion(
        softmax_within(candidates, labels.start), softmax_within(with_background, start)[start[:-1]]
    )


def surest(background: NDArray[np.float32], keep: float) -> NDArray[np.bool_]:
    """The share `keep` of all pairs, those with the lowest P(background) of all images together: (L,).

    Their number is rounded to the nearest, at least 1 (D21); ties go to the earlier pair.
    """
    count = min(max(round(keep * len(background)), 1), len(background))
    kept = np.zeros(len(background), bool)
    kept[np.argsort(background, kind="stable")[:count]] = True
    return kept


def merged(
    model: NDArray[np.float32], clip: NDArray[np.float32] | None, model_weight: float
) -> NDArray[np.float32]:
    """New labels (E,): `model_weight` of the model's shares and the rest of CLIP's; without CLIP the model's alone."""
    new = model if clip is None else model_weight * model + (1 - model_weight) * clip
    return np.maximum(new, SMALLEST_WEIGHT).astype(np.float32)


def only(labels: Labels, kept: NDArray[np.bool_], weights: NDArray[np.float32]) -> Labels:
    """Labelled pairs `kept` (L,) with the new `weights` (E,); the others train as background (docs/method.md, 6)."""
    pairs = np.ones(len(labels.row), bool)
    pairs[labels.row >= 0] = kept
    return of_pairs(replace(labels, weights=weights), pairs)


def visualds(task: Task, phases: Phases) -> Refinement:
    """E2 by the start, which is M1; then M2: soft-weighted BCE from its weights, at `em.rate` of its learning rate."""
    labels, sources, counts = e_step(task, task.start.model, phases)
    model = phases.train(m_step(task), labels, task.start.model, name="m2", weighted=True)
    return Refinement(model, sources, counts)


def visualds_semi(task: Task, phases: Phases) -> Refinement:
    """E1 by the start, trained on annotation; M1 from nothing, E2, M2; then a fine-tune on annotation.

    E1 labels every candidate pair as E2 does, without its cut (D20). M1 is as long as the start's training was, the
    later phases as long as the entry says (D20).
    """
    if task.annotated is None:
        raise InputError("visualds_semi needs the labels of the annotation; give them as `annotated`")
    start, params = task.start.params, task.params
    m1 = phases.train(
        slower(params, 1.0, loss="bce", iterations=start.iterations), first_labels(task, phases),
        name="m1", weighted=True, last=False,
    )  # fmt: skip
    labels, sources, counts = e_step(task, m1, phases)
    m2 = phases.train(m_step(task), labels, m1, name="m2", weighted=True, last=False)
    tuned = slower(params, params.em.supervised_rate, loss=start.loss, supervision="full")
    return Refinement(phases.train(tuned, task.annotated, m2, name="supervised"), sources, counts)


def first_labels(task: Task, phases: Phases) -> Labels:
    """E1: the start's shares of every candidate pair, merged with CLIP's where there are."""
    logits = phases.ask(task.start.model, task.candidates, task.params, "E1: ask the start")
    shares = opinion(logits, task.candidates).shares
    weights = merged(shares, task.clip, task.params.em.model_weight)
    return only(task.candidates, np.ones(len(logits), bool), weights)


def e_step(task: Task, model: Model, phases: Phases) -> tuple[Labels, Sources, dict[str, Any]]:
    """E2: the labels that M2 trains on, where they came from, and what was kept and cut."""
    candidates, em = task.candidates, task.params.em
    of_m1 = opinion(phases.ask(model, candidates, task.params, "E2: ask M1"), candidates)
    pairs = surest(of_m1.background, em.keep)
    weights = merged(of_m1.shares, task.clip, em.model_weight)
    labels = only(candidates, pairs, weights)
    kept = pairs[candidates.rows]
    counts = {
        "pairs_kept": int(pairs.sum()),
        "pairs_cut": int((~pairs).sum()),
        "background_of_pairs_kept": float(of_m1.background[pairs].max(initial=0.0)),
        "weight_before": per_predicate(task.predicates, candidates.predicates, candidates.weights),
        "weight_after": per_predicate(task.predicates, labels.predicates, labels.weights),
    }
    return (
        labels,
        Sources(np.where(kept, weights, 0.0).astype(np.float32), kept, task.clip, of_m1.shares),
        counts,
    )


def m_step(task: Task) -> Train:
    """The parameters of M2: VisualDS's loss, whatever the start was trained with."""
    return slower(task.params, task.params.em.rate, loss="bce")
