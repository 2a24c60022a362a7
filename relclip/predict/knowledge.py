"""Rows without training (docs/method.md, 4): the knowledge base as a table, CLIP's logits of pairs, their scores."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from relclip.core.annotations import Ids, read_triplets
from relclip.core.errors import ContractError
from relclip.core.lookup import positions
from relclip.core.ordered import batches_of
from relclip.core.params.predict import TrainingFree
from relclip.core.parquet import EXT_SCORES, TRIPLETS, read_table
from relclip.core.vocabulary import Vocabulary

Scores = NDArray[np.float32]
#: Each look into a file reads its whole footer, which grows with the images; 64 detected boxes an image and 20
#: predicates are 27,000 rows an image, so many images below 1 GB.
IMAGES_AT_ONCE = 256


def load_counts(folder: Path, vocabulary: Vocabulary, min_count: int = 1) -> NDArray[np.float32]:
    """Read triplets.parquet as (O + 1, O + 1, R): counts by subject class, object class, predicate id - 1.

    Counts below `min_count` are 0: such a triplet is not believed.
    A predicate is a candidate of a pair of classes where its count is above 0 (docs/method.md, 3).
    """
    subject, predicate, object_ = read_triplets(folder, vocabulary).T
    count = read_table(folder / "triplets.parquet", TRIPLETS)["count"].to_numpy()
    classes = len(vocabulary.objects) + 1
    counts = np.zeros((classes, classes, len(vocabulary.predicates)), np.float32)
    np.add.at(counts, (subject, object_, predicate - 1), count)
    counts[counts < min_count] = 0.0
    return counts


class Logits:
    """The logits of some images in memory."""

    def __init__(self, path: Path, table: pa.Table, predicates: int) -> None:
        self.path, self.predicates = path, predicates
        columns = (table[name].to_numpy() for name in EXT_SCORES.names)
        self.image, subject, object_, predicate, self.logit = columns
        self.key = (subject.astype(np.int64) << 32) + object_
        self.predicate = predicate.astype(np.int64) - 1
        wrong = predicate[(predicate < 1) | (predicate > predicates)]
        if len(wrong):
            raise ContractError(
                f"{path} has the id {wrong[0]}; ids are 1 to {predicates}; run the ext stage again"
            )

    def of(self, image_id: int, subject: Ids, object_: Ids) -> NDArray[np.float32]:
        """(P, R) logits of the pairs of one image, by object ids sorted by subject, then object."""
        rows = slice(*np.searchsorted(self.image, [image_id, image_id + 1]))
        keys = (subject.astype(np.int64) << 32) + object_
        logits = np.full((len(keys), self.predicates), np.nan, np.float32)
        pair = positions(keys, self.key[rows])
        known = pair >= 0
        logits[pair[known], self.predicate[rows][known]] = self.logit[rows][known]
        missing = np.argwhere(~np.isfinite(logits))
        if len(missing):
            pair_, predicate = missing[0]
            raise ContractError(
                f"{self.path} has no number for predicate {predicate + 1} of the pair ({subject[pair_]},"
                f" {object_[pair_]}) of image {image_id}; run the ext stage again"
            )
        return logits


def read_logits(path: Path, image_ids: Sequence[int] | Ids, predicates: int) -> Iterator[Logits]:
    """Yield, for each of the ascending `image_ids`, the logits to ask; few images at a time are in memory."""
    for some in batches_of(image_ids, IMAGES_AT_ONCE):
        inside = (pc.field("image_id") >= int(some[0])) & (pc.field("image_id") <= int(some[-1]))
        table = read_table(path, EXT_SCORES, inside)
        if not pc.all(pc.greater_equal(table["image_id"][1:], table["image_id"][:-1])).as_py():
            table = table.sort_by("image_id")
        logits = Logits(path, table, predicates)
        for _ in some:
            yield logits


def method_scores(method: TrainingFree, counts: Scores, logits: Scores | None) -> Scores:
    """counts: (P, R) of the pair's classes in the knowledge base; logits: (P, R) of CLIP -> (P, R) float32."""
    if method == "kb":
        return uniform(counts)
    if method == "kb_counts":
        return shares(counts)
    assert logits is not None, "EXT reads CLIP's logits"
    return softmax(logits, np.ones(logits.shape, bool) if method == "ext" else counts > 0)


def uniform(counts: Scores) -> Scores:
    """KB: 1 / |C| on the candidates C, 0 elsewhere; a pair without candidates gets no prediction."""
    return shares((counts > 0).astype(np.float32))


def shares(counts: Scores) -> Scores:
    """KB counts: the count of the predicate over the pair's total; a pair without any gets no prediction."""
    total = counts.sum(axis=1, keepdims=True, dtype=np.float64)
    with np.errstate(invalid="ignore"):
        return (counts / total).astype(np.float32)


def softmax(logits: Scores, candidates: NDArray[np.bool_]) -> Scores:
    """EXT, KB+EXT: softmax over the candidates, 0 elsewhere; a pair without candidates gets no prediction."""
    inside = np.where(candidates, logits, -np.inf).astype(np.float64)
    highest = inside.max(axis=1, keepdims=True, initial=-np.inf)
    shifted = np.exp(inside - np.where(np.isfinite(highest), highest, 0.0))
    with np.errstate(invalid="ignore"):
        return (shifted / shifted.sum(axis=1, keepdims=True)).astype(np.float32)
