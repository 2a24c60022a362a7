"""What a pair is called: distributions over predicates from annotations, from the KB, from the KB and CLIP."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from relclip.core.errors import ContractError
from relclip.core.kb_filter import believed_triplets, count_shares
from relclip.core.lookup import positions
from relclip.core.params.train import KbWeights, Train
from relclip.core.parquet import EXT_SCORES, RELATIONS, TRIPLET, read_table
from relclip.core.seeds import stream
from relclip.core.vocabulary import Vocabulary
from relclip.model import ImageSet, pair_classes, pair_numbers
from relclip.train.inputs import Inputs
from relclip.train.withheld import annotated, chosen, held_out_ids, pairs_trained_on, without_predicates

PAIRS_AT_ONCE = 1 << 20
#: Row of a pair that is neither labelled nor background: no loss sees it.
LEFT_OUT = -2


@dataclass(frozen=True, eq=False)
class Labels:
    """Label distributions of L labelled pairs among the P pairs of an image set; the others have no label.

    The possible labels of labelled pair l are `start[l]:start[l + 1]` of `predicates` and `weights`.
    """

    row: NDArray[np.int32]  # (P,) l, ascending, or -1 where the pair has no label, or LEFT_OUT
    start: NDArray[np.int64]  # (L + 1,)
    predicates: NDArray[np.int64]  # (E,) ascending within a pair
    weights: NDArray[np.float32]  # (E,) sum 1 within a pair

    @property
    def counts(self) -> NDArray[np.int64]:
        """How many possible labels each labelled pair has, (L,)."""
        return np.diff(self.start)

    @property
    def rows(self) -> NDArray[np.int64]:
        """The labelled pair of each possible label, (E,)."""
        return np.repeat(np.arange(len(self.counts)), self.counts)

    @property
    def pairs(self) -> NDArray[np.int64]:
        """The pair of each possible label, by number in the set, (E,)."""
        return np.flatnonzero(self.row >= 0)[self.rows]

    def entries(self, rows: NDArray[np.int32]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the entries of labelled pairs `rows` (K,), and for each entry its place among them: (E',), (E',)."""
        counts = self.start[rows + 1] - self.start[rows]
        place = np.repeat(np.arange(len(rows)), counts)
        before = np.cumsum(counts) - counts
        return np.arange(len(place)) - np.repeat(before - self.start[rows], counts), place


def supervise(
    images: ImageSet, params: Train, inputs: Inputs, vocabulary: Vocabulary
) -> tuple[Labels, dict[str, Any]]:
    """Label the pairs of the train images as `supervision` says; also what was counted on the way."""
    dropped, counted = 0, {}
    relations = read_table(inputs.dataset / "relations.parquet", RELATIONS)
    check_ids(images.class_ids, len(vocabulary.objects), "objects.parquet: class_id")
    check_ids(
        relations["predicate_id"].to_numpy(), len(vocabulary.predicates), "relations.parquet: predicate_id"
    )
    if params.supervision == "full":
        labels, dropped = people_labels(images, relations, params, vocabulary)
    else:
        triplets, counted["kb"] = believed_triplets(inputs.kb, params.kb, params.seed)
        triplets = without_predicates(triplets, held_out_ids(params, vocabulary))
        sizes = len(vocabulary.objects), len(vocabulary.predicates)
        labels = kb_labels(images, triplets, *sizes, params.kb.weights)
    if params.supervision == "kb+ext":
        scores = read_scores(inputs.ext / "scores.parquet", images)
        counted["kb"]["candidates"] = len(labels.predicates)
        labels = kb_ext_labels(images, labels, scores, params.kb.min_clip, params.kb.weights)
    labels = of_pairs(labels, pairs_trained_on(images, params))
    return labels, {
        "images": len(images),
        "pairs": len(images.pairs),
        "labelled_pairs": int((labels.row >= 0).sum()),
        "possible_labels": len(labels.predicates),
        "relations_without_overlap": dropped,
        **counted,
        "label_weight": per_predicate(vocabulary.predicates, labels.predicates, labels.weights),
    }


def per_predicate(
    names: Sequence[str], predicates: NDArray[np.int64], weights: NDArray[np.float32] | None = None
) -> dict[str, float]:
    """How many possible labels each predicate has, or their weight."""
    found = np.bincount(predicates, weights, len(names) + 1)[1:]
    return dict(zip(names, found.round(2).tolist(), strict=True))


def read_scores(path: Path, images: ImageSet) -> pa.Table:
    """CLIP's scores of these images; those of val and test, all predicates of all pairs, are most of the file."""
    return read_table(path, EXT_SCORES, pc.field("image_id").isin(pa.array(images.image_ids)))


def people_labels(
    images: ImageSet, relations: pa.Table, params: Train, vocabulary: Vocabulary
) -> tuple[Labels, int]:
    """What people say of the pairs, as far and as rightly as `annotation` and `held_out` let them."""
    labels, dropped = full_labels(images, annotated(relations, params, vocabulary))
    return with_mistakes(images, labels, params.annotation.noise, params.seed), dropped


def full_labels(images: ImageSet, relations: pa.Table) -> tuple[Labels, int]:
    """Annotated predicates, equal weight where a pair has several (D15); and how many relations no overlapping pair
    has.

    relations: the columns of relations.parquet. Rows of images outside the set are passed over.
    """
    inside = np.isin(relations["image_id"].to_numpy(), images.image_ids)
    columns = {name: relations[name].to_numpy()[inside] for name in relations.column_names}
    pairs = pair_numbers(
        images, columns["image_id"], columns["subject_id"], columns["object_id"], "relations.parquet"
    )
    found = np.unique(np.stack([pairs, columns["predicate_id"].astype(np.int64)], axis=1)[pairs >= 0], axis=0)
    return _equal_weights(len(images.pairs), found[:, 0], found[:, 1]), int((pairs < 0).sum())


def with_mistakes(images: ImageSet, labels: Labels, noise: float, seed: int) -> Labels:
    """The labels, a share `noise` of which name another predicate that people say of the same two classes (D36).

    So a mistake is a triplet that is somewhere right, as a person's mistakes are. Where people say but one predicate of
    two classes, nothing is mistaken. What is mistaken at a smaller share is at a larger.
    """
    wrong = chosen(len(labels.predicates), noise, seed, "annotation noise")
    if not wrong.any():
        return labels
    pairs = labels.pairs
    classes = np.stack(pair_classes(images), axis=1)[pairs]  # (E, 2)
    group = np.unique(classes, axis=0, return_inverse=True)[1]
    others = np.zeros((group.max() + 1, labels.predicates.max() + 1), bool)
    others[group, labels.predicates] = True
    others = others[group]  # (E, R + 1) what people say of the classes of an entry, but for the entry itself
    others[np.arange(len(group)), labels.predicates] = False
    another = (stream(seed, "wrong predicates").random(others.shape) * others).argmax(axis=1)
    found = np.where(wrong & others.any(axis=1), another, labels.predicates)
    rows = np.unique(np.stack([pairs, found], axis=1), axis=0)
    return _equal_weights(len(images.pairs), rows[:, 0], rows[:, 1])


def kb_labels(
    images: ImageSet, triplets: pa.Table, objects: int, predicates: int, weights: KbWeights = "uniform"
) -> Labels:
    """All predicates the KB has for the two classes of a pair, equal weight (VisualDS, RelCLIP section 3.4).

    weights: `counts` weighs them by how often the KB's captions say them of these classes instead (beyond the paper).
    """
    table = np.zeros((objects + 1, objects + 1, predicates + 1), bool)
    subject, predicate, object_ = (triplets[name].to_numpy() for name in TRIPLET.names)
    check_ids(subject, objects, "kb: subject_class")
    check_ids(object_, objects, "kb: object_class")
    check_ids(predicate, predicates, "kb: predicate_id")
    table[subject, object_, predicate] = True
    subjects, objects_ = pair_classes(images)
    found = []
    for first in range(0, len(subjects), PAIRS_AT_ONCE):
        part = slice(first, first + PAIRS_AT_ONCE)
        found.append(np.argwhere(table[subjects[part], objects_[part]]) + np.array([first, 0]))
    rows = np.concatenate([np.zeros((0, 2), np.int64), *found])
    labels = _equal_weights(len(images.pairs), rows[:, 0], rows[:, 1])
    if weights == "uniform":
        return labels
    by_classes = np.zeros(table.shape, np.float32)
    by_classes[subject, object_, predicate] = count_shares(triplets)
    shares = by_classes[subjects[rows[:, 0]], objects_[rows[:, 0]], rows[:, 1]]
    return replace(labels, weights=_sum_to_one(shares, labels.start))


def of_pairs(labels: Labels, kept: NDArray[np.bool_]) -> Labels:
    """The labels of the pairs `kept` (P,) alone; the others have none."""
    rows = labels.row[kept & (labels.row >= 0)]
    entries, _ = labels.entries(rows)
    row = np.where(kept, labels.row, -1).astype(np.int32)
    row[kept & (labels.row >= 0)] = np.arange(len(rows))
    start = np.concatenate([[0], np.cumsum(labels.start[rows + 1] - labels.start[rows])])
    return Labels(row, start, labels.predicates[entries], labels.weights[entries])


def kb_ext_labels(
    images: ImageSet,
    kb: Labels,
    scores: pa.Table,
    min_clip: float = 0.0,
    weights: KbWeights = "uniform",
) -> Labels:
    """The KB's candidates, weighted by the softmax of CLIP's logits over them; a single candidate weighs 1.

    scores: the columns of scores.parquet. min_clip: candidates with a smaller softmax are dropped, a pair's best never.
    weights: `counts` multiplies the softmax by the weights of `kb`, scaled to sum 1 again (D16: CLIP and the captions
    as two independent witnesses). Raises ContractError where a pair of several candidates lacks a score.
    """
    inside = np.isin(scores["image_id"].to_numpy(), images.image_ids)
    image_id, subject, object_, predicate, logit = (
        scores[name].to_numpy()[inside] for name in scores.column_names
    )
    pairs = pair_numbers(images, image_id, subject, object_, "scores.parquet")
    kept = pairs >= 0
    width = int(max(kb.predicates.max(initial=0), predicate.max(initial=0))) + 1
    keys = pairs[kept] * width + predicate[kept]
    order = np.argsort(keys, kind="stable")
    keys, logits = keys[order], logit[kept][order].astype(np.float64)
    several = kb.counts[kb.rows] > 1
    place = positions(keys, kb.pairs * width + kb.predicates)
    missing = several & (place < 0)
    if missing.any():
        raise ContractError(
            f"ext/scores.parquet lacks {int(missing.sum())} scores of pairs with several candidates in the KB; "
            "run the `ext` stage again on this data set and KB"
        )
    chosen = np.where(several, logits[place], 0.0) if len(keys) else np.zeros(len(place))
    if not np.isfinite(chosen).all():
        raise ContractError(
            "ext/scores.parquet holds a logit that is not a number; run the `ext` stage again"
        )
    clip = softmax_within(chosen, kb.start)
    product = _sum_to_one(clip * kb.weights, kb.start) if weights == "counts" else clip
    labels = replace(kb, weights=product)
    return _without(labels, clip < min_clip, clip) if min_clip > 0 else labels


def _equal_weights(pairs: int, pair: NDArray[np.int64], predicates: NDArray[np.int64]) -> Labels:
    """Labels from (pair, predicate) rows without repeats, sorted."""
    labelled, counts = np.unique(pair, return_counts=True)
    row = np.full(pairs, -1, np.int32)
    row[labelled] = np.arange(len(labelled))
    weights = np.repeat(1.0 / counts, counts).astype(np.float32)
    return Labels(row, np.concatenate([[0], np.cumsum(counts)]).astype(np.int64), predicates, weights)


def softmax_within(logits: NDArray[np.float64], start: NDArray[np.int64]) -> NDArray[np.float32]:
    """Softmax of the logits (E,) of possible labels within each pair, whose are `start[l]:start[l + 1]`: (E,)."""
    counts = np.diff(start)
    raised = np.exp(logits - np.repeat(np.maximum.reduceat(logits, start[:-1]), counts))
    return (raised / np.repeat(np.add.reduceat(raised, start[:-1]), counts)).astype(np.float32)


def _sum_to_one(weights: NDArray[np.float32], start: NDArray[np.int64]) -> NDArray[np.float32]:
    """The weights (E,), none negative, scaled to sum 1 within each pair; equal where all of a pair's are 0."""
    counts, total = np.diff(start), np.add.reduceat(weights.astype(np.float64), start[:-1])
    share = weights / np.repeat(np.where(total > 0, total, 1.0), counts)
    return np.where(np.repeat(total > 0, counts), share, 1.0 / np.repeat(counts, counts)).astype(np.float32)


def _without(labels: Labels, dropped: NDArray[np.bool_], scores: NDArray[np.float32]) -> Labels:
    """The labels less the entries `dropped` (E,); a pair's best entry by `scores` (E,) stays, the first of equals."""
    rows = labels.rows
    best = np.lexsort((-scores, rows))[labels.start[:-1]]  # stable: of equals the first
    kept = ~dropped
    kept[best] = True
    start = np.concatenate([[0], np.cumsum(np.bincount(rows[kept], minlength=len(labels.counts)))])
    weights = _sum_to_one(labels.weights[kept], start)
    return Labels(labels.row, start, labels.predicates[kept], weights)


def check_ids(ids: NDArray, highest: int, what: str) -> None:
    """Raise ContractError where an id is outside 1 to `highest`, the vocabulary's."""
    if len(ids) and (ids.min() < 1 or ids.max() > highest):
        raise ContractError(f"{what} {ids.min()} to {ids.max()} is outside the vocabulary's 1 to {highest}")
