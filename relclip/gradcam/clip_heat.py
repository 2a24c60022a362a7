"""Where CLIP looks: the cosine of the pair's union crop and the triplet's prompt."""

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from relclip.core.boxes import Boxes
from relclip.encoder.crops import cut
from relclip.encoder.encoder import Encoder
from relclip.gradcam.heat import grad_cam


def clip_heat(encoder: Encoder, picture: NDArray[np.uint8], box: Boxes, text: Tensor) -> Tensor:
    """Heat over `box`, (n, n) patches, of the crop's cosine with `text`.

    picture: (H, W, 3); box: (4,) xyxy pixels; text: (D,), length 1. The crop, as in EXT, and not the whole picture
    (D32): RelCLIP sees no more either, so that a difference is in what is looked at and not in what was shown. The
    states are those that enter the last block: with class-token pooling the patches that leave it have no gradient.
    """
    states, embedding = encoder.last_states(cut(picture, box[None], encoder.image_size))
    (gradient,) = torch.autograd.grad(embedding[0] @ text, states)
    heat = grad_cam(states.detach()[0, 1:], gradient[0, 1:])
    side = math.isqrt(len(heat))
    return heat.reshape(side, side)
