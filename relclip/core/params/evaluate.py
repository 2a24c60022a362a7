"""The section evaluate: the protocol."""

from typing import Literal

from pydantic import Field

from relclip.core.params.base import Closed, Seed, SplitName

#: The switches that decide which ground truths are hit, and in which order equal scores stand.
COUNTING = ("dedup", "empty_predictions", "pixel_inclusive", "recall", "require_overlap", "ties")
#: How recalls of images become one number.
Reading = Literal["per_image", "pooled"]
#: More samples do not change an interval.
MOST_SAMPLES = 100_000


class Evaluate(Closed):
    """The protocol, docs/method.md, 2: one switch per item."""

    dedup: bool = Field(default=True, description="whether a triplet of a pair counts once")
    empty_predictions: Literal["zero", "skip"] = Field(
        default="zero", description="recall of an image without predictions: 0, or left out"
    )
    pixel_inclusive: bool = Field(
        default=True, description="whether a box's width counts its last pixel (x2 - x1 + 1)"
    )
    recall: Reading = Field(default="per_image", description="mean over images, or over all relations")
    require_overlap: bool = Field(
        default=False, description="whether only relations between boxes that overlap count"
    )
    ties: Literal["seeded", "lowest"] = Field(
        default="seeded",
        description="order of equal scores: by a seed, or by predicate, subject, object, the lowest first, as argmax",
    )
    split: SplitName = Field(default="test", description="the split that is judged")
    bootstrap: int = Field(default=1000, ge=0, le=MOST_SAMPLES, description="samples behind an interval")
    precision_images: int = Field(default=200, ge=1, description="images whose P@10 and P@20 are judged")
    seed: Seed = Field(default=0, description="of the bootstrap and of equal scores")
