"""Sections of the stages that look through CLIP: clip, features, ext."""

from string import Formatter
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from relclip.core.params.base import Closed, Seed


def _prompt(*allowed: str) -> AfterValidator:
    """A template whose placeholders are all allowed; the object's prompt must name the object."""

    def check(template: str) -> str:
        words = " and ".join(f"{{{name}}}" for name in allowed)
        try:
            met = {name for _, name, _, _ in Formatter().parse(template) if name is not None}
        except ValueError:
            met = {"unbalanced braces"}
        if not met <= set(allowed) or (len(allowed) == 1 and not met):
            raise ValueError(f"the prompt '{template}' may hold {words} and no other braces")
        return template

    return AfterValidator(check)


#: Where ext cuts and squashes its crops: with Pillow's arithmetic on the CPU, on the device, or (auto) on a GPU only.
Resize = Literal["auto", "pil", "device"]
ObjectPrompt = Annotated[str, _prompt("object")]
TripletPrompt = Annotated[str, _prompt("subject", "predicate", "object")]


class Pretrain(Closed):
    """The small CLIP that `scenes` pre-trains. Random batches, then from `grouped_from` of the steps on grouped ones.

    A random batch shows single objects to the share `objects`, relations otherwise; a grouped one to the share
    `grouped_objects`, and `groups` groups of relations with one object class each. Texts are prompts to the share
    `prompted`, phrases otherwise; each relation brings `negatives` wrong texts, its own with another predicate.
    The share `patch_dropout` of patches is hidden until `unmasked_from` of the steps (FLIP: cheaper steps). Pictures
    are `mirrored` with that probability; `validation` is the share of pictures held out.
    """

    image_size: int = Field(default=48, ge=8)
    patch_size: int = Field(default=8, ge=2)
    width: int = Field(default=96, ge=16)
    layers: int = Field(default=3, ge=1)
    text_width: int = Field(default=96, ge=16)
    text_layers: int = Field(default=1, ge=1)
    dimension: int = Field(default=128, ge=8)
    batch: int = Field(default=128, ge=2)
    steps: int = Field(default=1500, ge=1)
    grouped_from: float = Field(default=1.0, ge=0.0, le=1.0)
    learning_rate: float = Field(default=2e-3, gt=0.0)
    weight_decay: float = Field(default=0.1, ge=0.0)
    warmup: int = Field(default=100, ge=0)
    groups: int = Field(default=8, ge=1)
    objects: float = Field(default=0.3, ge=0.0, le=1.0)
    grouped_objects: float = Field(default=0.2, ge=0.0, le=1.0)
    prompted: float = Field(default=0.9, ge=0.0, le=1.0)
    negatives: int = Field(default=3, ge=0)
    mirrored: float = Field(default=0.5, ge=0.0, le=1.0)
    patch_dropout: float = Field(default=0.5, ge=0.0, lt=1.0)
    unmasked_from: float = Field(default=0.8, ge=0.0, le=1.0)
    loss: Literal["multi_positive", "clip"] = "multi_positive"
    validation: float = Field(default=0.05, gt=0.0, lt=1.0)
    checkpoint_every: int = Field(default=500, ge=1)
    seed: Seed = 0


class LabelsEncoder(Closed):
    """The encoder of table 4, which knows labels and no language.

    `make: [labels]` makes it, an empty list does not.
    `pretrain`: CLIP's picture encoder trained on class labels of the same crops (scenes), for `steps`. `timm`: any
    model of timm with ImageNet-1K weights, or with the local safetensors file `weights`.
    """

    make: list[Literal["labels"]] = []
    source: Literal["pretrain", "timm"] = "pretrain"
    model: str = "vit_base_patch32_224.augreg_in1k"
    weights: str | None = None
    steps: int = Field(default=500, ge=1)


class Clip(Closed):
    """The encoder: `pretrain` on scenes, or any open_clip model with a pretrained tag or a local weights file."""

    source: Literal["pretrain", "open_clip"] = "pretrain"
    model: str = "ViT-B-32-quickgelu"
    weights: str | None = None
    object_prompt: ObjectPrompt = "a photo of a {object}"
    triplet_prompt: TripletPrompt = "a photo of a {subject} {predicate} a {object}"
    batch: int = Field(default=512, ge=1)
    pretrain: Pretrain = Pretrain()


class Detector(Closed):
    """Faster R-CNN, which proposes boxes for SGDet; `weights`: a checkpoint to use instead of training one.

    `image_size` is the longest side of the pictures it sees: 128 for the small backbone, about 1000 for resnet50.
    `make: [detector]` makes it, an empty list does not.
    Of an image at most `per_image` boxes with a score above `score` stay, none with an IoU above `nms` to a better one;
    `class_nms` does the same among boxes of one class once the relation model has named them (docs/method.md, 2).
    """

    make: list[Literal["detector"]] = []
    weights: str | None = None
    backbone: Literal["small", "resnet50"] = "small"
    image_size: int = Field(default=128, ge=32)
    iterations: int = Field(default=1000, ge=1)
    batch: int = Field(default=6, ge=1)
    learning_rate: float = Field(default=2e-3, gt=0.0)
    weight_decay: float = Field(default=1e-2, ge=0.0)
    warmup: int = Field(default=50, ge=0)
    per_image: int = Field(default=64, ge=1)
    score: float = Field(default=0.01, ge=0.0, lt=1.0)
    nms: float = Field(default=0.3, gt=0.0, le=1.0)
    class_nms: float = Field(default=0.5, gt=0.0, le=1.0)
    checkpoint_every: int = Field(default=300, ge=1)
    seed: Seed = 0


class Features(Closed):
    """Frozen patch maps, V(I). `image_size` is the side the picture is resized to before the encoder.

    `shards`: jobs that look at a share of the pictures each, merged to the bytes of one run.
    """

    image_size: int = Field(default=128, ge=8)
    batch: int = Field(default=64, ge=1)
    shards: int = Field(default=1, ge=1, le=10_000)


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
