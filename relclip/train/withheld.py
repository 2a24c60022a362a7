"""What a training is told less: fewer images, a share of the annotation (D36); predicates that it never sees (D38)."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from relclip.core.errors import ParamsError, nearest
from relclip.core.params.train import Annotation, Train
from relclip.core.seeds import stream
from relclip.core.vocabulary import Vocabulary
from relclip.model import ImageSet


def annotated(relations: pa.Table, params: Train, vocabulary: Vocabulary) -> pa.Table:
    """The rows of relations.parquet that label pairs in a training, as `annotation` and `held_out` say."""
    told = as_annotated(relations, params.annotation, params.seed)
    return without_predicates(told, held_out_ids(params, vocabulary))


def as_annotated(relations: pa.Table, annotation: Annotation, seed: int) -> pa.Table:
    """The rows of relations.parquet that `annotation` keeps; what a smaller share keeps a larger one keeps too."""
    return relations.filter(pa.array(chosen(len(relations), annotation.share, seed, "annotation share")))


def pairs_trained_on(images: ImageSet, params: Train) -> NDArray[np.bool_]:
    """Which pairs (P,) belong to the `train.images` that train (None: all); a smaller choice lies in a larger."""
    used = np.zeros(len(images), bool)
    used[stream(params.seed, "train images").permutation(len(images))[: params.images]] = True
    return np.repeat(used, np.diff(images.pair_start))


def chosen(count: int, share: float, seed: int, purpose: str) -> NDArray[np.bool_]:
    """A seeded choice of a share of `count` things, rounded: (count,)."""
    first = np.zeros(count, bool)
    first[stream(seed, purpose).permutation(count)[: round(share * count)]] = True
    return first


def held_out_ids(params: Train, vocabulary: Vocabulary) -> list[int]:
    """Ids of the predicates that are held out. Raises ParamsError for a name that the vocabulary lacks."""
    known = vocabulary.predicate_ids
    for name in params.held_out:
        if name not in known:
            raise ParamsError(
                f"train.held_out names the predicate '{name}'{nearest(name, known)}; the vocabulary has: "
                f"{', '.join(known)}"
            )
    return [known[name] for name in params.held_out]


def without_predicates(table: pa.Table, ids: list[int]) -> pa.Table:
    """The rows of a table with a column predicate_id that are of none of these: as if nobody had ever said them."""
    return table.filter(pc.invert(pc.is_in(table["predicate_id"], pa.array(ids, table["predicate_id"].type))))
