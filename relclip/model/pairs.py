"""Which pair and which object of an image set a row of a table means."""

import numpy as np
from numpy.typing import NDArray

from relclip.core.errors import ContractError
from relclip.core.lookup import positions
from relclip.model.image_set import ImageSet


def pair_classes(images: ImageSet) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Classes of the subject and of the object of every pair: (P,), (P,)."""
    first = np.repeat(images.object_start[:-1], np.diff(images.pair_start))
    return images.class_ids[images.pairs[:, 0] + first], images.class_ids[images.pairs[:, 1] + first]


def pair_numbers(
    images: ImageSet, image_id: NDArray, subject_id: NDArray, object_id: NDArray, what: str
) -> NDArray[np.int64]:
    """Return the number of each ordered pair among the P pairs of the set, -1 where its boxes do not overlap: (K,)."""
    subject = object_numbers(images, image_id, subject_id, what)
    object_ = object_numbers(images, image_id, object_id, what)
    total = len(images.boxes)
    first = np.repeat(images.object_start[:-1], np.diff(images.pair_start))
    known = (images.pairs[:, 0] + first) * total + images.pairs[:, 1] + first  # ascending
    return positions(known, subject * total + object_)


def object_numbers(images: ImageSet, image_id: NDArray, object_id: NDArray, what: str) -> NDArray[np.int64]:
    """Return the number of each object among the N objects of the set: (K,). ContractError where there is none."""
    span = int(images.object_ids.max(initial=0)) + 1
    known = np.repeat(np.arange(len(images)), np.diff(images.object_start)) * span + images.object_ids
    wanted = np.searchsorted(images.image_ids, image_id) * span + object_id
    found = np.where((object_id >= 0) & (object_id < span), positions(known, wanted), -1)
    if (found < 0).any():
        bad = int(np.argmax(found < 0))
        raise ContractError(
            f"{what} names object {object_id[bad]} of image {image_id[bad]}, which objects.parquet does not have"
        )
    return found
