"""The contract's files of one task, image after image, in bounded memory."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from relclip.core.boxes import Boxes, intersection
from relclip.core.errors import ContractError
from relclip.core.parquet import PREDICTED_OBJECTS, PREDICTED_RELATIONS, rows_writer
from relclip.core.recall import Scores, reachable_either

TASKS = ("predcls", "sgcls")


@dataclass(frozen=True)
class Prediction:
    """One image and task. Objects in the order of their ids; pairs sorted; NaN: no such triplet is predicted."""

    image_id: int
    object_id: NDArray[np.integer]  # (N,)
    class_id: NDArray[np.integer]  # (N,)
    object_score: Scores  # (N,) 1 in PredCls
    boxes: Boxes  # (N, 4) xyxy pixels
    pairs: NDArray[np.integer]  # (P, 2) rows of objects: subject, object
    scores: Scores  # (P, R) of each predicate alone


@contextmanager
def task_writer(folder: Path, keep: int) -> Iterator[Callable[[Prediction], None]]:
    """Yield what takes predictions in the order of their image ids and writes objects and relations.parquet.

    Of each image only the triplets that can reach the top `keep` of all pairs, or of the overlapping ones, are
    written. Raises ContractError for a score that is infinite.
    """
    with (
        rows_writer(folder / "objects.parquet", PREDICTED_OBJECTS) as objects,
        rows_writer(folder / "relations.parquet", PREDICTED_RELATIONS) as relations,
    ):

        def write(image: Prediction) -> None:
            objects(_object_columns(image))
            relations(_relation_columns(image, keep))

        yield write


def _object_columns(image: Prediction) -> Sequence[NDArray]:
    ids = np.full(len(image.object_id), image.image_id, np.int64)
    return [ids, image.object_id, image.class_id, image.object_score, *image.boxes.T]


def _relation_columns(image: Prediction, keep: int) -> Sequence[NDArray]:
    if np.isinf(image.scores).any() or not np.isfinite(image.object_score).all():
        raise ContractError(
            f"image {image.image_id} got a score that is no finite number; train that run again"
        )
    subject, object_ = image.pairs.T
    scores = image.object_score[subject], image.object_score[object_]
    overlap = intersection(image.boxes[subject], image.boxes[object_]) > 0
    kept = reachable_either(image.scores, *scores, overlap, keep)
    pair, predicate = np.nonzero(kept)
    ids = np.full(len(pair), image.image_id, np.int64)
    ends = image.object_id[subject[pair]], image.object_id[object_[pair]]
    return [ids, *ends, predicate + 1, image.scores[pair, predicate]]
