"""torchvision's Faster R-CNN in two sizes: a small one for pictures of 128 pixels, and ResNet-50 with a pyramid.

ResNet-50 may start from weights of torchvision: its body's, trained on ImageNet, or the whole detector's, on COCO.
"""

from collections import OrderedDict
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torchvision.models import ResNet50_Weights
from torchvision.models.detection import FasterRCNN, FasterRCNN_ResNet50_FPN_Weights
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.backbone_utils import resnet_fpn_backbone
from torchvision.models.detection.faster_rcnn import FastRCNNPredictor, TwoMLPHead
from torchvision.models.detection.image_list import ImageList
from torchvision.ops import FeaturePyramidNetwork, FrozenBatchNorm2d, MultiScaleRoIAlign
from torchvision.ops.poolers import initLevelMapper

from relclip.core.errors import InputError, errors_as, one_line
from relclip.core.params.base import MOST_PIXELS, Closed
from relclip.core.params.detector import Backbone

#: Anchors of the small detector at the strides 8, 16 and 32, in pixels of a picture of 128.
ANCHORS = ((12, 20), (32, 48), (72, 112))
RATIOS = (0.4, 1.0, 2.5)  # height to width
#: Of a picture of 128 pixels, boxes with a side below half of this are read at the stride 4.
CANONICAL = 90
CELLS, HIDDEN = 5, 256  # the RoI grid and the width of its head
DESIGNED_FOR = 128


class DetectorConfig(Closed):
    """What builds a detector: `image_size` is the longest side of the pictures, `classes` counts no background.

    `frozen_norm`: batch normalisation and the body's first two stages stay as they were pre-trained.
    """

    backbone: Backbone
    image_size: int = Field(ge=32, le=MOST_PIXELS)
    classes: int = Field(ge=1)
    frozen_norm: bool = False


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
    return _pooled_at_strides(_resnet50(config) if config.backbone == "resnet50" else _small(config))


def _pooled_at_strides(model: FasterRCNN) -> FasterRCNN:
    """`model` with the strides of its maps, 4 and its doubles.

    torchvision would take them once, from the first pictures: where these are padded to nearly twice their height it
    takes 2 for 4, and pools all later ones wrongly.
    """
    pool = model.roi_heads.box_roi_pool
    levels = range(2, 2 + len(pool.featmap_names))
    pool.scales = [2.0**-level for level in levels]
    pool.map_levels = initLevelMapper(levels[0], levels[-1], pool.canonical_scale, pool.canonical_level)
    return model


def pretrained(model: FasterRCNN, start: Literal["imagenet", "coco"]) -> FasterRCNN:
    """`model`, a resnet50, with torchvision's weights: all but the last layers, which know other classes.

    They are fetched once, into torch's cache, and checked by their digest. Raises InputError where that fails.
    """
    if start == "imagenet":
        state = _fetched(ResNet50_Weights.IMAGENET1K_V1)
        kept = {name: value for name, value in state.items() if not name.startswith("fc.")}
        model.backbone.body.load_state_dict(kept)
        return model
    state = _fetched(FasterRCNN_ResNet50_FPN_Weights.COCO_V1)
    own = {name: value for name, value in model.state_dict().items() if "box_predictor" in name}
    model.load_state_dict({**state, **own})
    return model


def _fetched(weights: Any) -> dict[str, Tensor]:
    place = Path(torch.hub.get_dir()) / "checkpoints"
    with errors_as(
        lambda error: InputError(
            f"the detector's start could not be fetched from {weights.url} ({one_line(error, 120)}); put that file "
            f"into {place}, or set detector.start: none"
        )
    ):
        state: dict[str, Tensor] = weights.get_state_dict(progress=False, check_hash=True, weights_only=True)
    return state


def _resnet50(config: DetectorConfig) -> FasterRCNN:
    body = resnet_fpn_backbone(
        backbone_name="resnet50",
        weights=None,
        norm_layer=FrozenBatchNorm2d if config.frozen_norm else nn.BatchNorm2d,
        trainable_layers=3 if config.frozen_norm else 5,
    )
    size = config.image_size
    return FasterRCNN(body, config.classes + 1, min_size=size, max_size=size, _skip_resize=True)


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


#: Channels at strides 2 (the stem), 4, 8, 16 and 32.
WIDTHS = (24, 40, 80, 128, 160)
PYRAMID = 64


class Residual(nn.Module):
    """Two 3 x 3 convolutions around a shortcut; (B, I, H, W) -> (B, O, H / stride, W / stride)."""

    def __init__(self, inside: int, outside: int, stride: int) -> None:
        super().__init__()
        self.first = convolution(inside, outside, 3, stride)
        self.second = convolution(outside, outside, 3, 1)
        same = stride == 1 and inside == outside
        self.shortcut = nn.Identity() if same else convolution(inside, outside, 1, stride)

    def forward(self, states: Tensor) -> Tensor:
        """Transform a map."""
        return torch.relu(self.second(torch.relu(self.first(states))) + self.shortcut(states))


class SmallBackbone(nn.Module):
    """Pictures (B, 3, H, W) -> maps of PYRAMID channels at the strides 4, 8, 16 and 32, named "0" to "3"."""

    out_channels = PYRAMID

    def __init__(self) -> None:
        super().__init__()
        self.stem = convolution(3, WIDTHS[0], 3, 2)
        self.stages = nn.ModuleList(Residual(inside, outside, 2) for inside, outside in pairwise(WIDTHS))
        self.pyramid = FeaturePyramidNetwork(list(WIDTHS[1:]), PYRAMID)

    def forward(self, pictures: Tensor) -> dict[str, Tensor]:
        """Compute the pyramid."""
        states = torch.relu(self.stem(pictures))
        maps: OrderedDict[str, Tensor] = OrderedDict()
        for level, stage in enumerate(self.stages):
            states = stage(states)
            maps[str(level)] = states
        return self.pyramid(maps)


def convolution(inside: int, outside: int, side: int, stride: int) -> nn.Sequential:
    """A convolution and batch normalisation."""
    return nn.Sequential(
        nn.Conv2d(inside, outside, side, stride, side // 2, bias=False), nn.BatchNorm2d(outside)
    )
