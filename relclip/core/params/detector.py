"""The section detector: the boxes of SGDet."""

from typing import Literal, Self

from pydantic import Field, model_validator

from relclip.core.params.base import Closed, Seed


class Detector(Closed):
    """Faster R-CNN, which proposes boxes for SGDet; `weights`: a checkpoint to use instead of training one.

    `image_size` is the longest side of the pictures it sees: 128 for the small backbone, about 1000 for resnet50.
    `start: imagenet | coco`: resnet50 begins with torchvision's weights, its batch normalisation frozen.
    `make: [detector]` makes it, an empty list does not. `schedule`, after the warm-up: half a cosine down to 0, or the
    iterations at which the rate falls to a tenth, which with `optimizer: sgd` is how Visual Genome's are trained.
    Of an image at most `per_image` boxes with a score above `score` stay, none with an IoU above `nms` to a better one;
    `class_nms` does the same among boxes of one class once the relation model has named them (docs/method.md, 2).
    """

    make: list[Literal["detector"]] = []
    weights: str | None = None
    backbone: Literal["small", "resnet50"] = "small"
    start: Literal["none", "imagenet", "coco"] = "none"
    image_size: int = Field(default=128, ge=32)
    iterations: int = Field(default=1000, ge=1)
    batch: int = Field(default=6, ge=1)
    optimizer: Literal["adamw", "sgd"] = "adamw"
    learning_rate: float = Field(default=2e-3, gt=0.0)
    momentum: float = Field(default=0.9, ge=0.0, lt=1.0)
    schedule: Literal["cosine"] | list[int] = "cosine"
    weight_decay: float = Field(default=1e-2, ge=0.0)
    warmup: int = Field(default=50, ge=0)
    per_image: int = Field(default=64, ge=1)
    score: float = Field(default=0.01, ge=0.0, lt=1.0)
    nms: float = Field(default=0.3, gt=0.0, le=1.0)
    class_nms: float = Field(default=0.5, gt=0.0, le=1.0)
    checkpoint_every: int = Field(default=300, ge=1)
    seed: Seed = 0

    @model_validator(mode="after")
    def _the_rate_falls_while_it_trains(self) -> Self:
        falls = [] if isinstance(self.schedule, str) else self.schedule
        if falls != sorted({number for number in falls if self.warmup <= number < self.iterations}):
            raise ValueError(
                f"schedule: {falls}; give cosine, or iterations in rising order from warmup ({self.warmup}) to below "
                f"iterations ({self.iterations})"
            )
        return self

    @model_validator(mode="after")
    def _only_resnet50_is_pretrained(self) -> Self:
        if self.start != "none" and self.backbone != "resnet50":
            raise ValueError(f"start: {self.start} needs backbone: resnet50; give that, or start: none")
        return self
