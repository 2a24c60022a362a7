"""The detector's proposals in the place of annotated objects, so that they are scored by the same code."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from relclip.core.annotations import Annotations, Ids, load_annotations
from relclip.core.errors import ContractError
from relclip.core.parquet import PREDICTED_OBJECTS, read_table

SPLIT = "test"


def load_proposals(dataset: Path, path: Path) -> Annotations:
    """The test images of `dataset`, their objects replaced by the proposals in `path`, without relations.

    Raises ContractError on a class outside the vocabulary, an object that comes twice, an empty box, or where no
    proposal is of a test image.
    """
    known = load_annotations(dataset)
    images = np.flatnonzero(known.split == SPLIT)
    image_id = known.image_id[images]
    table = read_table(path, PREDICTED_OBJECTS, pc.field("image_id").isin(image_id.tolist()))
    table = table.sort_by([("image_id", "ascending"), ("object_id", "ascending")])
    image, object_id, class_id, _, *sides = (table[name].to_numpy() for name in PREDICTED_OBJECTS.names)
    boxes = np.column_stack(sides)
    if len(images) and not len(image):
        raise ContractError(
            f"{path} has no box of a test image of {dataset}; run the detector on this data set"
        )
    _refuse(image, (class_id < 1) | (class_id > len(known.vocabulary.objects)), "a class nobody knows", path)
    _refuse(image[1:], (image[1:] == image[:-1]) & (object_id[1:] == object_id[:-1]), "an object twice", path)
    whole = np.isfinite(boxes).all(axis=1) & (boxes[:, 2:] > boxes[:, :2]).all(axis=1)
    _refuse(image, ~whole, "a box without area", path)
    none: Ids = np.zeros(0, np.int64)
    return replace(
        known,
        image_id=image_id,
        file=tuple(known.file[number] for number in images),
        split=known.split[images],
        first=np.searchsorted(image, np.append(image_id, np.iinfo(np.int64).max)),
        object_id=object_id.astype(np.int64),
        class_id=class_id.astype(np.int64),
        boxes=boxes,
        subject=none,
        predicate=none,
        object=none,
        relation_image=none,
    )


def _refuse(image: Ids, bad: NDArray[np.bool_], what: str, path: Path) -> None:
    if bad.any():
        met = image[bad][0]
        raise ContractError(f"{path} has {what} in image {met}; run the detector again with this data set")
