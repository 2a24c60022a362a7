"""torchvision's Faster R-CNN in two sizes: a small one for pictures of 128 pixels, and ResNet-50 with a pyramid."""

from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torchvision.models.detection import FasterRCNN, fasterrcnn_resnet50_fpn
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.faster_rcnn import FastRCNNPredictor, TwoMLPHead
from torchvision.models.detection.image_list import ImageList
from torchvision.ops import MultiScaleRoIAlign

from relclip.core.params.base import Closed
from relclip.detector.small import SmallBackbone

#: Anchors of the small detector at the strides 8, 16 and 32, in pixels of a picture of 128.
ANCHORS = ((12, 20), (32, 48), (72, 112))
RATIOS = (0.4, 1.0, 2.5)  # height to width
#: Of a picture of 128 pixels, boxes with a side below half of this are read at the stride 4.
CANONICAL = 90
CELLS, HIDDEN = 5, 256  # the RoI grid and the width of its head
DESIGNED_FOR = 128


class DetectorConfig(Closed):
    """What builds a detector: `image_size` is the longest side of the pictures, `classes` counts no background."""

    backbone: Literal["small", "resnet50"]
    image_size: int = Field(ge=32, le=8192)
    classes: int = Field(ge=1)


class WithoutFinestLevel(nn.Module):
    """A region proposal network that is not asked at the finest level: 16 of 21 positions, where it finds little."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(
        self, pictures: ImageList, maps: dict[str, Tensor], targets: list[dict[str, Tensor]] | None = None
    ) -> tuple[list[Tensor], dict[str, Tensor]]:
        """Proposals, xyxy pixels, of each picture, and the losses where there are targets."""
        _, *coarser = maps
        found: tuple[list[Tensor], dict[str, Tensor]] = self.network(
            pictures, {name: maps[name] for name in coarser}, targets
        )
        return found


def build(config: DetectorConfig, seed: int = 0) -> FasterRCNN:
    """A detector with random weights that depend on the seed alone. Nothing is downloaded.

    It takes pictures (3, H, W), floats in 0..1, of its size, and gives boxes in the pixels of these.
    """
    torch.manual_seed(seed)
    if config.backbone == "resnet50":
        return fasterrcnn_resnet50_fpn(
            weights=None,
            weights_backbone=None,
            num_classes=config.classes + 1,
            min_size=config.image_size,
            max_size=config.image_size,
            _skip_resize=True,
        )
    return _small(config)


def _small(config: DetectorConfig) -> FasterRCNN:
    scale = config.image_size / DESIGNED_FOR
    sizes = tuple(tuple(round(side * scale) for side in level) for level in ANCHORS)
    backbone = SmallBackbone()
    model = FasterRCNN(
        backbone,
        min_size=config.image_size,
        max_size=config.image_size,
        rpn_anchor_generator=AnchorGenerator(sizes, (RATIOS,) * len(sizes)),
        rpn_pre_nms_top_n_train=150,
        rpn_pre_nms_top_n_test=150,
        rpn_post_nms_top_n_train=200,
        rpn_post_nms_top_n_test=200,
        rpn_fg_iou_thresh=0.6,
        rpn_batch_size_per_image=128,
        box_roi_pool=MultiScaleRoIAlign(["0", "1", "2"], CELLS, 1, canonical_scale=round(CANONICAL * scale)),
        box_head=TwoMLPHead(backbone.out_channels * CELLS**2, HIDDEN),
        box_predictor=FastRCNNPredictor(HIDDEN, config.classes + 1),
        box_batch_size_per_image=48,
        box_positive_fraction=0.4,
        _skip_resize=True,
    )
    model.rpn = WithoutFinestLevel(model.rpn)
    return model.to(memory_format=torch.channels_last)
