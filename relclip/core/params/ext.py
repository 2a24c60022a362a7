"""The section ext: CLIP's scores of predicates."""

from typing import Literal

from pydantic import Field

from relclip.core.params.base import Closed, Shards
from relclip.core.params.clip import TripletPrompt

#: Where ext cuts and squashes its crops: with Pillow's arithmetic on the CPU, on the device, or (auto) on a GPU only.
Resize = Literal["auto", "pil", "device"]


class Ext(Closed):
    """CLIP on union crops. What the device cuts is one level of 255 away from Pillow's arithmetic, seldom two."""

    margin: float = Field(
        default=0.0, ge=0.0, description="share of its sides by which a union crop is widened"
    )
    prompt: TripletPrompt = Field(
        default="a photo of a {subject} {predicate} a {object}", description="the sentence of a relation"
    )
    temperature: float = Field(default=1.0, gt=0.0, description="logits are divided by it")
    batch: int = Field(default=256, ge=1, description="crops at a time")
    zero_shot_classes: int = Field(
        default=5, ge=1, description="how many of an object's best classes SGCls takes from CLIP"
    )
    resize: Resize = Field(
        default="auto",
        description="crops are cut in Pillow's arithmetic, on the device, or there only where it is a GPU",
    )
    shards: Shards = Field(
        default=1, description="jobs that score a share of the images each, merged to the bytes of one run"
    )
