"""The detector's proposals in the place of annotated objects, so that they are scored by the same code."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from relclip.core.annotations import Annotations, Ids, load_annotations
from relclip.core.proposals import load_proposals

SPLIT = "test"


def with_proposals(dataset: Path, path: Path) -> Annotations:
    """The test images of `dataset`, their objects replaced by the proposals in `path`, without relations.

    Raises ContractError where the proposals are not of this data set.
    """
    known = load_annotations(dataset)
    images = np.flatnonzero(known.split == SPLIT)
    found = load_proposals(path, dataset, known.image_id[images], len(known.vocabulary.objects))
    none: Ids = np.zeros(0, np.int64)
    return replace(
        known,
        image_id=known.image_id[images],
        file=tuple(known.file[number] for number in images),
        split=known.split[images],
        first=found.first,
        object_id=found.object_id.astype(np.int64),
        class_id=found.class_id,
        boxes=found.boxes,
        subject=none,
        predicate=none,
        object=none,
        relation_image=none,
    )
