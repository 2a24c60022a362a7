"""The section evaluate: the protocol."""

from typing import Literal

from pydantic import Field

from relclip.core.params.base import Closed, Seed

#: More samples do not change an interval.
MOST_SAMPLES = 100_000


class Evaluate(Closed):
    """The protocol, docs/method.md, 2: one switch per item. P@10 and P@20 are counted on `precision_images` images."""

    dedup: bool = True
    empty_predictions: Literal["zero", "skip"] = "zero"
    pixel_inclusive: bool = True
    recall: Literal["per_image", "pooled"] = "per_image"
    require_overlap: bool = False
    ties: Literal["seeded", "lowest"] = "seeded"
    split: Literal["train", "val", "test"] = "test"
    bootstrap: int = Field(default=1000, ge=0, le=MOST_SAMPLES)
    precision_images: int = Field(default=200, ge=1)
    seed: Seed = 0
