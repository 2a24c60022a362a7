"""The section detector: the boxes of SGDet."""

from typing import Literal, Self

from pydantic import Field, model_validator

from relclip.core.params.base import MOST_PIXELS, Closed, Seed

#: What reads the images: a small one, or torchvision's ResNet-50 with a feature pyramid.
Backbone = Literal["small", "resnet50"]
#: Boxes of an image, all pairs of which must fit the memory.
MOST_BOXES = 300


class Detector(Closed):
    """Faster R-CNN, which proposes boxes for SGDet; `weights`: a checkpoint to use instead of training one."""

    make: list[Literal["detector"]] = Field(
        default=[], description="[detector] makes it, an empty list does not"
    )
    weights: str | None = Field(default=None, description="a checkpoint to use instead of training one")
    backbone: Backbone = Field(
        default="small", description="a small one, or torchvision's ResNet-50 with a feature pyramid"
    )
    start: Literal["none", "imagenet", "coco"] = Field(
        default="none", description="resnet50 begins with torchvision's weights, batch normalisation frozen"
    )
    image_size: int = Field(
        default=128,
        ge=32,
        le=MOST_PIXELS,
        description="longest side of an image, pixels; about 1000 for resnet50",
    )
    iterations: int = Field(default=1000, ge=1, description="of the training")
    batch: int = Field(default=6, ge=1, description="images a step")
    optimizer: Literal["adamw", "sgd"] = Field(
        default="adamw", description="sgd, and a schedule of iterations, is how Visual Genome's are trained"
    )
    learning_rate: float = Field(default=2e-3, gt=0.0, description="highest, after the warm-up")
    momentum: float = Field(default=0.9, ge=0.0, lt=1.0, description="of sgd")
    schedule: Literal["cosine"] | list[int] = Field(
        default="cosine",
        description="half a cosine down to 0, or the iterations at which the rate falls to a tenth",
    )
    weight_decay: float = Field(default=1e-2, ge=0.0, description="of the optimizer")
    warmup: int = Field(default=50, ge=0, description="iterations until the rate is reached")
    per_image: int = Field(default=64, ge=1, le=MOST_BOXES, description="boxes of an image that stay")
    score: float = Field(default=0.01, ge=0.0, lt=1.0, description="score that a box must exceed")
    nms: float = Field(default=0.3, gt=0.0, le=1.0, description="IoU above which the worse of two boxes goes")
    class_nms: float = Field(
        default=0.5,
        gt=0.0,
        le=1.0,
        description="the same among boxes of one class, once the relation model has named them",
    )
    checkpoint_every: int = Field(default=300, ge=1, description="iterations between checkpoints")
    seed: Seed = Field(default=0, description="of weights and batches")

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
