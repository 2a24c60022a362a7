"""The section ext: CLIP's scores of predicates."""

from typing import Literal

from pydantic import Field

from relclip.core.params.base import Closed
from relclip.core.params.clip import TripletPrompt

#: Where ext cuts and squashes its crops: with Pillow's arithmetic on the CPU, on the device, or (auto) on a GPU only.
Resize = Literal["auto", "pil", "device"]


class Ext(Closed):
    """CLIP on union crops, widened by the fraction `margin` of their sides; logits are divided by `temperature`.

    `resize`: crops are cut and squashed on the CPU in Pillow's arithmetic (`pil`) or on the device (`device`: one level
    of 255 away, seldom two); auto: the device if it is a GPU. `shards`: jobs that score a share of the images each,
    merged to the bytes of one run.
    """

    margin: float = Field(default=0.0, ge=0.0)
    prompt: TripletPrompt = "a photo of a {subject} {predicate} a {object}"
    temperature: float = Field(default=1.0, gt=0.0)
    batch: int = Field(default=256, ge=1)
    zero_shot_classes: int = Field(default=5, ge=1)
    resize: Resize = "auto"
    shards: int = Field(default=1, ge=1, le=10_000)
