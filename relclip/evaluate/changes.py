"""What changed from one model to another on the same ground truths: images, and the hits they gained and lost."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from relclip.evaluate.checks import Ints
from relclip.evaluate.differences import TRUTH
from relclip.evaluate.inputs import column
from relclip.evaluate.metrics import OF_PREDICATE

Triplet = tuple[int, int, int]


@dataclass(frozen=True)
class ImageChange:
    """One image: the ground truths (subject id, predicate id, object id) that are newly hit, and no longer hit."""

    image_id: int
    gained: list[Triplet]
    lost: list[Triplet]


def changed_images(first: Sequence[pa.Table], second: Sequence[pa.Table], by: str) -> list[ImageChange]:
    """Every image with a change, most changed ground truths first, then by id.

    first, second: first hits (schema HITS) of the same ground truths, a table a seed. A ground truth is gained where
    more seeds of `second` hit it than of `first`. by: a name in OF_PREDICATE.
    """
    sign = np.sign(_times_hit(second, by) - _times_hit(first, by))
    rows = np.flatnonzero(sign)
    truth = _sorted(first[0])
    image = column(truth, "image_id")[rows]
    triplets = np.stack([column(truth, name)[rows] for name in TRUTH[1:4]], axis=1)
    ids, start = np.unique(image, return_index=True)
    ends = np.append(start, len(rows))[1:]
    changes = [
        ImageChange(int(number), *(_triplets(triplets[a:b][sign[rows[a:b]] == way]) for way in (1, -1)))
        for number, a, b in zip(ids, start, ends, strict=True)
    ]
    return sorted(changes, key=lambda one: (-len(one.gained) - len(one.lost), one.image_id))


def _times_hit(tables: Sequence[pa.Table], by: str) -> Ints:
    """In how many tables each ground truth is hit, (n,), in the order of TRUTH."""
    measure = OF_PREDICATE[by]
    ranks = [column(_sorted(hits), f"{measure.listed}rank") for hits in tables]
    times: Ints = np.sum([(rank >= 0) & (rank < measure.cutoff) for rank in ranks], axis=0, dtype=np.int64)
    return times


def _sorted(hits: pa.Table) -> pa.Table:
    return hits.sort_by([(name, "ascending") for name in TRUTH])


def _triplets(rows: Ints) -> list[Triplet]:
    return [(int(subject), int(predicate), int(other)) for subject, predicate, other in rows]
