"""Table 2: P@10 and P@20 of sheets of right and wrong, whoever filled them: people, or a data set's full truth."""

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from relclip.core.bootstrap import Floats, bootstrap_weights, interval, weighted_sums
from relclip.core.seeds import stream

Ints = NDArray[np.int64]
PRECISION_CUTOFFS = (10, 20)
DENOMINATOR = "the image's predictions, at most K"

#: A sheet: the top predictions of some images, rank from 0 under the graph constraint, and whether each is right.
SHEET = pa.schema([("image_id", pa.int64()), ("rank", pa.int32()), ("right", pa.bool_())])


def choose_images(annotated: Ints, count: int, seed: int) -> Ints:
    """Choose the images of table 2 by seed among those with ground truth; both sorted ids."""
    random = stream(seed, "precision")
    return np.sort(random.choice(annotated, min(count, len(annotated)), replace=False))


def precision_of_images(sheet: pa.Table, images: Ints, cutoff: int) -> Floats:
    """Share of each image's top `cutoff` predictions that are right, (I,) for the sorted ids `images`.

    An image with fewer predictions is judged on those it has; one without any scores 0. `right` may be a share of
    several people's answers.
    """
    rank, ids = (sheet[name].to_numpy().astype(np.int64) for name in ("rank", "image_id"))
    inside = (rank >= 0) & (rank < cutoff) & np.isin(ids, images)
    image = np.searchsorted(images, ids[inside])
    shown = np.bincount(image, minlength=len(images))
    right = np.bincount(image, sheet["right"].to_numpy()[inside], minlength=len(images))
    return right / np.maximum(shown, 1)


def precision_report(sheet: pa.Table, images: Ints, bootstrap: int, seed: int) -> dict[str, Any]:
    """Mean P@10 and P@20 over `images` (sorted ids), their 95 % bootstrap intervals by image, and counts."""
    each = {
        f"precision_at_{cutoff}": precision_of_images(sheet, images, cutoff) for cutoff in PRECISION_CUTOFFS
    }
    values = np.stack(list(each.values()), axis=1)
    drawn = [weighted_sums(weights, values) for weights in bootstrap_weights(len(images), bootstrap, seed)]
    samples = np.concatenate([np.empty((0, len(each))), *drawn]) / max(len(images), 1)
    return {
        "metrics": {name: float(value.mean()) if len(images) else None for name, value in each.items()},
        "intervals": {name: interval(samples[:, place]) for place, name in enumerate(each)},
        "counts": _counts(sheet, images),
    }


def _counts(sheet: pa.Table, images: Ints) -> dict[str, int]:
    """How many images, how many of them have nothing or too little to fill the top K."""
    ids = sheet["image_id"].to_numpy().astype(np.int64)
    shown = np.bincount(np.searchsorted(images, ids[np.isin(ids, images)]), minlength=len(images))
    fewer = {f"images_with_fewer_than_{cutoff}": int((shown < cutoff).sum()) for cutoff in PRECISION_CUTOFFS}
    without = int((shown == 0).sum())
    return {
        "images": len(images),
        "images_without_prediction": without,
        "predictions": int(shown.sum()),
        **fewer,
    }
