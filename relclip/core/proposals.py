"""The detector's boxes, proposals.parquet, read for some images of a data set."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from relclip.core.annotations import Ids
from relclip.core.boxes import Boxes
from relclip.core.errors import ContractError
from relclip.core.parquet import IMAGES, PREDICTED_OBJECTS, read_table


@dataclass(frozen=True)
class Proposals:
    """N boxes of I images, image after image, each image's in the order of their ids."""

    first: Ids  # (I + 1,) those of image i are the rows first[i]:first[i + 1]; an image may have none
    object_id: NDArray[np.int32]  # (N,)
    class_id: Ids  # (N,) the detector's class
    score: NDArray[np.float32]  # (N,) and how sure it is
    boxes: Boxes  # (N, 4) xyxy pixels

    def rows(self, image: int) -> slice:
        """The boxes of image number `image`."""
        return slice(int(self.first[image]), int(self.first[image + 1]))


def load_proposals(path: Path, dataset: Path, image_ids: Ids, classes: int) -> Proposals:
    """Read proposals.parquet for these images (ascending ids); those of the data set's other images are left out.

    Raises ContractError where an image is not the data set's, a class not of this vocabulary, an object comes twice, a
    box is empty or a score is no number.
    """
    table = read_table(path, PREDICTED_OBJECTS)
    known = read_table(dataset / "images.parquet", IMAGES)["image_id"].to_numpy()
    met = table["image_id"].to_numpy()
    _refuse(met, ~np.isin(met, known), f"as image_id, which {dataset} lacks", path)
    table = table.filter(pa.array(np.isin(met, image_ids)))
    table = table.sort_by([("image_id", "ascending"), ("object_id", "ascending")])
    image, object_id, class_id, score, *sides = (table[name].to_numpy() for name in PREDICTED_OBJECTS.names)
    boxes = np.stack(sides, axis=1)
    _refuse(class_id, (class_id < 1) | (class_id > classes), f"as class_id; ids are 1 to {classes}", path)
    _refuse(object_id[1:], (image[1:] == image[:-1]) & (object_id[1:] == object_id[:-1]), "twice", path)
    _refuse(score, ~np.isfinite(score), "as a score", path)
    whole = np.isfinite(boxes).all(axis=1) & (boxes[:, 2:] > boxes[:, :2]).all(axis=1)
    _refuse(boxes, ~whole, "as a box; expected x1 < x2 and y1 < y2", path)
    first = np.searchsorted(image, np.append(image_ids, np.iinfo(np.int64).max))
    return Proposals(first, object_id, class_id.astype(np.int64), score, boxes)


def _refuse(values: NDArray, wrong: NDArray[np.bool_], what: str, path: Path) -> None:
    if wrong.any():
        raise ContractError(f"{path} has {values[wrong][0].tolist()} {what}; run the detector stage again")
