"""Table 2: P@10 and P@20 from sheets of right and wrong, filled by people or by a data set's full truth."""

from typing import Any

import numpy as np
import pyarrow as pa

from relclip.core.params import Evaluate
from relclip.core.seeds import stream
from relclip.evaluate.checks import Floats, Ints
from relclip.evaluate.hits import Ranked
from relclip.evaluate.inputs import GroundTruth, column, find
from relclip.evaluate.matching import matches
from relclip.evaluate.metrics import bootstrap_weights, interval, weighted_sums

PRECISION_CUTOFFS = (10, 20)
ORACLE = "data set's full truth"

#: A sheet: the top predictions of some images, rank from 0 under the graph constraint, and whether each is right.
SHEET = pa.schema([("image_id", pa.int64()), ("rank", pa.int32()), ("right", pa.bool_())])


def sample_images(truth: GroundTruth, count: int, seed: int) -> Ints:
    """Choose the images of table 2 by seed among those with ground truth, sorted ids (at most `count`,)."""
    annotated = truth.images[np.unique(truth.relations.image)]
    random = stream(seed, "precision")
    return np.sort(random.choice(annotated, min(count, len(annotated)), replace=False))


class Oracle:
    """Fills the sheet of some images (sorted ids) from a truth that has every true relation."""

    def __init__(self, truth: GroundTruth, images: Ints, pixel_inclusive: bool) -> None:
        self._truth, self._inclusive = truth, pixel_inclusive
        self._asked = find(images, truth.images) >= 0
        self._pieces = [SHEET.empty_table()]

    def add(self, ranked: Ranked) -> None:
        """Look at the predictions of some images."""
        top = (
            (ranked.rank >= 0) & (ranked.rank < max(PRECISION_CUTOFFS)) & self._asked[ranked.relations.image]
        )
        relations = ranked.relations.where(top)
        right = np.zeros(len(relations.image), bool)
        for _, row in matches(self._truth, ranked.objects, relations, self._inclusive):
            right[row] = True
        columns = [self._truth.images[relations.image], ranked.rank[top], right]
        self._pieces.append(pa.table(columns, names=SHEET.names).cast(SHEET))

    def sheet(self) -> pa.Table:
        """All that was seen, schema SHEET."""
        return pa.concat_tables(self._pieces)


def precision_of_images(sheet: pa.Table, images: Ints, cutoff: int) -> Floats:
    """Share of each image's top `cutoff` predictions that are right, (I,) for the sorted ids `images`.

    An image with fewer predictions is judged on those it has; one without any scores 0.
    """
    rank, image = column(sheet, "rank"), find(images, column(sheet, "image_id"))
    inside = (rank >= 0) & (rank < cutoff) & (image >= 0)
    shown = np.bincount(image[inside], minlength=len(images))
    right = np.bincount(image[inside], sheet["right"].to_numpy()[inside], minlength=len(images))
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
    image = find(images, column(sheet, "image_id"))
    shown = np.bincount(image[image >= 0], minlength=len(images))
    fewer = {f"images_with_fewer_than_{cutoff}": int((shown < cutoff).sum()) for cutoff in PRECISION_CUTOFFS}
    without = int((shown == 0).sum())
    return {
        "images": len(images),
        "images_without_prediction": without,
        "predictions": int(shown.sum()),
        **fewer,
    }


def oracle_report(oracle: Oracle, images: Ints, switches: Evaluate) -> dict[str, Any]:
    """The content of precision.json."""
    names = {"precision_images", "pixel_inclusive", "require_overlap", "split", "bootstrap", "seed"}
    return {
        "oracle": ORACLE,
        "denominator": "the image's predictions, at most K",
        "switches": switches.model_dump(include=names),
        **precision_report(oracle.sheet(), images, switches.bootstrap, switches.seed),
    }
