"""What the ext stage found: zero-shot labels of objects, and CLIP's logits of the predicates of each pair."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from relclip.core.annotations import Annotations, Ids
from relclip.core.errors import ContractError
from relclip.core.parquet import EXT_SCORES, OBJECT_SCORES, read_table

#: Each look into a file reads its whole footer, which grows with the images; so many take about 0.1 GB.
IMAGES_AT_ONCE = 2048
_IDS_AN_IMAGE = 1 << 32


def zero_shot_labels(path: Path, annotations: Annotations, images: Ids) -> tuple[Ids, NDArray[np.float32]]:
    """Best class (N,) and its score (N,) of all objects; 0 for those of images that are not asked for.

    `images`: positions in `annotations.image_id`. Equal scores: the lower class id, as in the ext stage.
    Raises ContractError where an object of these images has no score.
    """
    table = read_table(path, OBJECT_SCORES)
    image, object_id, label, score = (table[name].to_numpy() for name in OBJECT_SCORES.names)
    _check(label, len(annotations.vocabulary.objects), path)
    image_of = np.repeat(np.arange(len(annotations.image_id)), np.diff(annotations.first))
    place = np.searchsorted(annotations.image_id, image)
    key = place * _IDS_AN_IMAGE + object_id
    order = np.lexsort((label, -score, key))
    order = order[np.isin(image[order], annotations.image_id[images])]
    known, first = np.unique(key[order], return_index=True)
    wanted = image_of * _IDS_AN_IMAGE + annotations.object_id
    asked = np.isin(image_of, images)
    missing = asked & ~np.isin(wanted, known)
    if missing.any():
        row = int(missing.argmax())
        raise ContractError(
            f"{path} has no score for object {annotations.object_id[row]} of image"
            f" {annotations.image_id[image_of[row]]}; run the ext stage again"
        )
    best = order[first[np.searchsorted(known, wanted[asked])]]
    labels, scores = np.zeros(len(wanted), np.int64), np.zeros(len(wanted), np.float32)
    labels[asked], scores[asked] = label[best], score[best]
    return labels, scores


class Logits:
    """The logits of some images in memory."""

    def __init__(self, path: Path, table: pa.Table, predicates: int) -> None:
        self.path, self.predicates = path, predicates
        columns = (table[name].to_numpy() for name in EXT_SCORES.names)
        self.image, subject, object_, predicate, self.logit = columns
        self.key = (subject.astype(np.int64) << 32) + object_
        self.predicate = predicate.astype(np.int64) - 1
        _check(self.predicate + 1, predicates, path)

    def of(self, image_id: int, subject: Ids, object_: Ids) -> NDArray[np.float32]:
        """(P, R) logits of the pairs of one image, by object ids sorted by subject, then object."""
        rows = slice(*np.searchsorted(self.image, [image_id, image_id + 1]))
        keys = (subject.astype(np.int64) << 32) + object_
        logits = np.full((len(keys), self.predicates), np.nan, np.float32)
        if len(keys):
            pair = np.minimum(np.searchsorted(keys, self.key[rows]), len(keys) - 1)
            known = keys[pair] == self.key[rows]
            logits[pair[known], self.predicate[rows][known]] = self.logit[rows][known]
        if np.isnan(logits).any():
            pair_, predicate = np.argwhere(np.isnan(logits))[0]
            raise ContractError(
                f"{self.path} has no number for predicate {predicate + 1} of the pair ({subject[pair_]},"
                f" {object_[pair_]}) of image {image_id}; run the ext stage again"
            )
        return logits


def read_logits(path: Path, image_ids: Sequence[int] | Ids, predicates: int) -> Iterator[Logits]:
    """Yield, for each of the ascending `image_ids`, the logits to ask; few images at a time are in memory."""
    for first in range(0, len(image_ids), IMAGES_AT_ONCE):
        some = image_ids[first : first + IMAGES_AT_ONCE]
        inside = (pc.field("image_id") >= int(some[0])) & (pc.field("image_id") <= int(some[-1]))
        table = read_table(path, EXT_SCORES, inside)
        if not pc.all(pc.greater_equal(table["image_id"][1:], table["image_id"][:-1])).as_py():
            table = table.sort_by("image_id")
        logits = Logits(path, table, predicates)
        for _ in some:
            yield logits


def _check(ids: Ids, largest: int, path: Path) -> None:
    wrong = ids[(ids < 1) | (ids > largest)]
    if len(wrong):
        raise ContractError(f"{path} has the id {wrong[0]}; ids are 1 to {largest}; run the ext stage again")
