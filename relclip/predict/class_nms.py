"""Boxes thinned out once the relation model has named them (docs/method.md, 2: SGDet)."""

import numpy as np
from numpy.typing import NDArray

from relclip.core.annotations import Ids
from relclip.core.boxes import Boxes, iou


def class_nms(boxes: Boxes, classes: Ids, scores: NDArray[np.float32], most: float) -> NDArray[np.bool_]:
    """(N,) which boxes stay: none has an IoU above `most` with a better one of its class that stays.

    Equal scores: the earlier box is the better one. The same answer as torchvision's `batched_nms`.
    """
    close = (iou(boxes[:, None], boxes[None]) > most) & (classes[:, None] == classes[None])
    np.fill_diagonal(close, False)
    stays = np.ones(len(boxes), bool)
    for row in np.argsort(-scores, kind="stable"):
        if stays[row]:
            stays &= ~close[row]
    return stays
