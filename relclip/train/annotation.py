"""Fewer train images, a share of their annotation, wrong predicates in it: what a study varies (D36)."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from relclip.core.params.train import Annotation, Train
from relclip.core.seeds import stream
from relclip.model import ImageSet


def as_annotated(relations: pa.Table, annotation: Annotation, seed: int, predicates: int) -> pa.Table:
    """The rows of relations.parquet that `annotation` keeps, a share of them with another predicate.

    What a smaller share keeps a larger one keeps too, and the same of the wrong ones. `predicates`: how many there are;
    a wrong one is any of the others, all as likely.
    """
    kept = chosen(len(relations), annotation.share, seed, "annotation share")
    wrong = chosen(len(relations), annotation.noise, seed, "annotation noise")
    shift = stream(seed, "wrong predicates").integers(1, max(predicates, 2), len(relations))
    right = relations["predicate_id"].to_numpy()
    given = np.where(wrong, (right - 1 + shift) % predicates + 1, right).astype(right.dtype)
    place = relations.schema.get_field_index("predicate_id")
    return relations.set_column(place, relations.schema.field(place), pa.array(given)).filter(pa.array(kept))


def pairs_trained_on(images: ImageSet, params: Train) -> NDArray[np.bool_]:
    """Which pairs (P,) belong to the `train.images` images chosen to train; a smaller choice lies in a larger."""
    if params.images is None or params.images >= len(images):
        return np.ones(len(images.pairs), bool)
    used = np.zeros(len(images), bool)
    used[stream(params.seed, "train images").permutation(len(images))[: params.images]] = True
    return np.repeat(used, np.diff(images.pair_start))


def chosen(count: int, share: float, seed: int, purpose: str) -> NDArray[np.bool_]:
    """A seeded choice of a share of `count` things, rounded: (count,)."""
    first = np.zeros(count, bool)
    first[stream(seed, purpose).permutation(count)[: round(share * count)]] = True
    return first
