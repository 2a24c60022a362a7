"""Where RelCLIP looks: the logit of a pair's predicate, through pooling and network, back to the frozen map V(I)."""

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from relclip.core.boxes import Boxes
from relclip.gradcam.heat import grad_cam, spread
from relclip.model import Batch, ImageSet, Model, Regions, collate, roi_align
from relclip.model.regions import in_cells


def relation_heat(network: Model, images: ImageSet, number: int, pair: int, predicate: int) -> Tensor:
    """Heat (h, w) of predicate id `predicate` for pair number `pair` of image number `number`, given its labels.

    The network sees all pairs of the picture, as it does when it predicts. What lies outside the pair's union box is
    0 (D33): RoIAlign does not read it, while Grad-CAM, whose weights are of whole channels, would light up whatever
    looks alike there.
    """
    map_ = torch.from_numpy(images.maps[images.map_rows[number]].astype(np.float32)).requires_grad_()
    logits = network(batch_from(map_, network, images, number), "given").predicate_logits
    (gradient,) = torch.autograd.grad(logits[pair, predicate], map_)
    heat = grad_cam(map_.detach(), gradient)
    union = images.unions[images.unions_of(number)][images.pair_union[images.pairs_of(number)][pair]]
    cells = torch.from_numpy(in_cells(union, images.sizes[number], heat.shape))
    return heat * spread(torch.ones(1, 1), cells, (heat.shape[0], heat.shape[1]))


def batch_from(map_: Tensor, network: Model, images: ImageSet, number: int) -> Batch:
    """The batch of one image with regions pooled from `map_`, (h, w, C), so that a gradient flows back to it.

    The same numbers as `collate`'s, which stop gradients, but for the rounding to float16.
    """

    def pooled(boxes: Boxes) -> Tensor:
        cells = torch.from_numpy(in_cells(boxes, images.sizes[number], map_.shape[:2]))
        return roi_align(map_, cells, network.config.roi_size).flatten(1)

    regions = Regions(images, network.config.roi_size, map_.device, memory=0)
    return replace(
        collate(regions, [number]),
        object_regions=pooled(images.boxes[images.objects_of(number)]),
        union_regions=pooled(images.unions[images.unions_of(number)]),
    )
