"""Is CLIP worth asking? Accuracy on validation of KB, EXT and KB+EXT (docs/method.md, 4), before anyone trusts them."""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from relclip.core.accuracy import accuracy
from relclip.core.annotations import Annotations, Ids
from relclip.core.atomic import write_json
from relclip.core.lookup import positions, row_keys
from relclip.core.parquet import EXT_SCORES, read_table
from relclip.ext.pairs import Candidates

Report = dict[str, dict[str, float]]


def report(
    annotations: Annotations, candidates: Candidates, output: Path, counts: Mapping[str, float]
) -> None:
    """Write statistics.json: the counts, and how well CLIP chooses on validation."""
    found = check(annotations, candidates, output / "scores.parquet")
    write_json(output / "statistics.json", {"counts": dict(counts), "validation": found})
    print(f"ext: validation {json.dumps(found)}", flush=True)


def check(annotations: Annotations, candidates: Candidates, scores: Path) -> Report:
    """Share of val's annotated overlapping relations whose predicate each row picks, mean and class mean.

    `kb`: a uniform choice among the candidates. `ext`: CLIP's best of all. `kb_ext`: CLIP's best candidate.
    The same with `_undecided`: only relations whose pair has two or more candidates, the true one among them; there
    `log_loss` is the mean -log of the true candidate's share of the softmax: the temperature to take has the lowest.
    """
    relation, logits = _val_logits(annotations, scores)
    truth = annotations.predicate[relation] - 1
    subject, object_ = (
        annotations.class_id[ends[relation]] for ends in (annotations.subject, annotations.object)
    )
    allowed = candidates.of(subject, object_)
    inside = allowed[np.arange(len(truth)), truth]
    hits = {
        "kb": np.where(inside, 1.0 / np.maximum(allowed.sum(1), 1), 0.0),
        "ext": logits.argmax(1) == truth,
        "kb_ext": inside & (np.where(allowed, logits, -np.inf).argmax(1) == truth),
    }
    undecided = inside & (allowed.sum(1) >= 2)
    report = {name: accuracy(hit, truth) for name, hit in hits.items()}
    report |= {f"{name}_undecided": accuracy(hit[undecided], truth[undecided]) for name, hit in hits.items()}
    masked = np.where(allowed, logits, -np.inf)[undecided]
    loss = {"kb": np.log(allowed.sum(1)[undecided]), "kb_ext": _log_loss(masked, truth[undecided])}
    means = {name: float(values.mean()) if len(values) else 0.0 for name, values in loss.items()}
    return report | {"log_loss": means}


def _log_loss(logits: NDArray[np.float32], truth: Ids) -> NDArray[np.float32]:
    """(N,) -log softmax of each row's true column; -inf marks what is no candidate."""
    if not len(logits):
        return np.zeros(0, np.float32)
    shifted = logits - logits.max(axis=1, keepdims=True)
    return np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(len(truth)), truth]


def _val_logits(annotations: Annotations, scores: Path) -> tuple[Ids, NDArray[np.float32]]:
    """Relations of val whose pair was scored, and their pairs' logits of all predicates (R, predicates)."""
    count = len(annotations.vocabulary.predicates)
    val = annotations.image_id[annotations.split == "val"]
    table = read_table(scores, EXT_SCORES, pc.field("image_id").isin(val))
    logits = table["logit"].to_numpy().reshape(-1, count)
    keys = row_keys(*(table[name].to_numpy()[::count] for name in ("image_id", "subject_id", "object_id")))
    relation = np.flatnonzero((annotations.split == "val")[annotations.relation_image])
    ends = (annotations.object_id[rows[relation]] for rows in (annotations.subject, annotations.object))
    wanted = row_keys(annotations.image_id[annotations.relation_image[relation]], *ends)
    place = positions(keys, wanted)
    return relation[place >= 0], logits[place[place >= 0]]
