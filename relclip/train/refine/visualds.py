"""VisualDS (docs/method.md, 6): the E-step labels anew, the M-step trains on it; also semi-supervised."""

from typing import Any

import numpy as np

from relclip.core.errors import InputError
from relclip.core.params.train import Train
from relclip.model import Model
from relclip.train.labels import Labels
from relclip.train.phases import Phases
from relclip.train.refine import estep
from relclip.train.refine.task import Refinement, Sources, Task, per_predicate, slower


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
    shares = estep.opinion(logits, task.candidates).shares
    weights = estep.merged(shares, task.clip, task.params.em.model_weight)
    return estep.only(task.candidates, np.ones(len(logits), bool), weights)


def e_step(task: Task, model: Model, phases: Phases) -> tuple[Labels, Sources, dict[str, Any]]:
    """E2: the labels that M2 trains on, where they came from, and what was kept and cut."""
    candidates, em = task.candidates, task.params.em
    opinion = estep.opinion(phases.ask(model, candidates, task.params, "E2: ask M1"), candidates)
    pairs = estep.surest(opinion.background, em.keep)
    weights = estep.merged(opinion.shares, task.clip, em.model_weight)
    labels = estep.only(candidates, pairs, weights)
    kept = np.repeat(pairs, np.diff(candidates.start))
    counts = {
        "pairs_kept": int(pairs.sum()),
        "pairs_cut": int((~pairs).sum()),
        "background_of_pairs_kept": float(opinion.background[pairs].max(initial=0.0)),
        "weight_before": per_predicate(task.predicates, candidates.predicates, candidates.weights),
        "weight_after": per_predicate(task.predicates, labels.predicates, labels.weights),
    }
    return (
        labels,
        Sources(np.where(kept, weights, 0.0).astype(np.float32), kept, task.clip, opinion.shares),
        counts,
    )


def m_step(task: Task) -> Train:
    """The parameters of M2: VisualDS's loss, whatever the start was trained with."""
    return slower(task.params, task.params.em.rate, loss="bce")
