"""The sections clip and labels: the encoders and the prompts."""

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
