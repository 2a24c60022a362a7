"""From the network's boxes to proposals.parquet: in the file's pixels, thinned out, a few for each image."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray
from torch import Tensor
from torchvision.models.detection import FasterRCNN
from torchvision.ops import nms

from relclip.compute.halving import Halving
from relclip.core.annotations import Ids
from relclip.core.box_precision import COCO_LIMIT
from relclip.core.boxes import Boxes
from relclip.core.ordered import batches_of, in_order
from relclip.core.params.detector import Detector
from relclip.core.parquet import PREDICTED_OBJECTS, table_of
from relclip.detector.pictures import Picture, Pictures, as_input

#: What the network gives for an image: COCO's limit at least, and room for boxes that NMS takes away.
ROOM = 2
PICTURES_A_BATCH = 32


@dataclass(frozen=True)
class Detections:
    """Boxes of one image by falling score: (N, 4) xyxy pixels of the file, (N,) classes 1-based, (N,) scores."""

    boxes: Boxes
    classes: Ids
    scores: NDArray[np.float32]

    def rows(self, rows: Ids | slice) -> "Detections":
        """Some of them."""
        return Detections(self.boxes[rows], self.classes[rows], self.scores[rows])

    def __len__(self) -> int:
        return len(self.scores)


def prepare_model(model: FasterRCNN, settings: Detector) -> FasterRCNN:
    """Ready to detect: boxes above `score`, after NMS among boxes of one class at `class_nms`, as COCO judges them."""
    model.roi_heads.score_thresh = settings.score
    model.roi_heads.nms_thresh = settings.class_nms
    model.roi_heads.detections_per_img = max(COCO_LIMIT, ROOM * settings.per_image)
    return model.eval()


def detect(
    model: FasterRCNN, pictures: Pictures, numbers: Sequence[int], device: torch.device, readers: int = 1
) -> Iterator[Detections]:
    """The boxes of each picture, in order; `model` as `prepare_model` leaves it."""
    halving = Halving("boxes of pictures", "picture")
    batches = batches_of(numbers, PICTURES_A_BATCH)
    for batch in in_order(lambda part: [pictures[number] for number in part], batches, readers):
        yield from chain(*halving(lambda part: detect_batch(model, part, device), batch))


@torch.inference_mode()
def detect_batch(model: FasterRCNN, batch: Sequence[Picture], device: torch.device) -> list[Detections]:
    """The boxes of each of some pictures; `model` as `prepare_model` leaves it.

    Pictures of one shape at a time: padded to another's shape, a picture would get other boxes than alone.
    """
    shapes: dict[tuple[int, ...], list[int]] = {}
    for number, picture in enumerate(batch):
        shapes.setdefault(tuple(picture.pixels.shape), []).append(number)
    found: dict[int, Detections] = {}
    for numbers in shapes.values():
        for number, one in zip(numbers, model([as_input(batch[n], device) for n in numbers]), strict=True):
            found[number] = in_file(one["boxes"], one["labels"], one["scores"], batch[number])
    return [found[number] for number in range(len(batch))]


def in_file(boxes: Tensor, classes: Tensor, scores: Tensor, picture: Picture) -> Detections:
    """Boxes in the detector's pixels as boxes in the file's: inside the image, with an area, by falling score."""
    limits = np.array([picture.width, picture.height] * 2, np.float32)
    scaled = (boxes.cpu().float() / picture.scale.float()).numpy()
    clipped = np.clip(scaled, 0, limits)
    score = scores.cpu().float().numpy()
    order = np.argsort(-score, kind="stable")
    whole = (clipped[:, 2:] > clipped[:, :2]).all(axis=1)
    kept = order[whole[order]]
    return Detections(clipped[kept], classes.cpu().numpy().astype(np.int64)[kept], score[kept])


def propose(found: Detections, settings: Detector) -> Detections:
    """At most `per_image` boxes above `score`, none with an IoU above `nms` to a better one, whatever their classes."""
    above = found.rows(np.flatnonzero(found.scores > settings.score))
    boxes, scores = torch.from_numpy(above.boxes), torch.from_numpy(above.scores)
    return above.rows(nms(boxes, scores, settings.nms).numpy()[: settings.per_image])


def table(image_id: Ids, proposals: Sequence[Detections]) -> pa.Table:
    """proposals.parquet: object ids count from 0 in each image, by falling score."""
    counts = [len(one) for one in proposals]
    columns = [
        np.repeat(image_id, counts),
        np.concatenate([np.arange(count) for count in counts]) if counts else [],
        np.concatenate([one.classes for one in proposals]) if counts else [],
        np.concatenate([one.scores for one in proposals]) if counts else [],
        *(np.concatenate([one.boxes for one in proposals]).T if counts else [[]] * 4),
    ]
    return table_of(columns, PREDICTED_OBJECTS)
