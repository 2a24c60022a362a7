"""The sections clip and labels: the encoders and the prompts."""

from string import Formatter
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from relclip.core.errors import one_line
from relclip.core.params.base import Closed, Seed

#: Letters of a template; no encoder reads as many.
LONGEST_PROMPT = 1000


def _prompt(*allowed: str) -> AfterValidator:
    """A template whose placeholders are all allowed; the object's prompt must name the object."""

    def check(template: str) -> str:
        if len(template) > LONGEST_PROMPT:
            raise ValueError(
                f"the prompt '{one_line(template, 40)}...' has more than {LONGEST_PROMPT:,} letters"
            )
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
    """The small CLIP that `scenes` pre-trains: random batches, then, from `grouped_from` on, grouped ones."""

    image_size: int = Field(default=48, ge=8, description="side of a crop, pixels")
    patch_size: int = Field(default=8, ge=2, description="side of a patch, pixels")
    width: int = Field(default=96, ge=16, description="of the image encoder")
    layers: int = Field(default=3, ge=1, description="of the image encoder")
    text_width: int = Field(default=96, ge=16, description="of the text encoder")
    text_layers: int = Field(default=1, ge=1, description="of the text encoder")
    dimension: int = Field(default=128, ge=8, description="of the common space")
    batch: int = Field(default=128, ge=2, description="pairs of image and text a step")
    steps: int = Field(default=1500, ge=1, description="of the training")
    grouped_from: float = Field(
        default=1.0,
        ge=0.0,
        le=1.0,
        description="share of the steps after which batches are grouped; 1: never",
    )
    learning_rate: float = Field(default=2e-3, gt=0.0, description="highest, after the warm-up")
    weight_decay: float = Field(default=0.1, ge=0.0, description="of AdamW")
    warmup: int = Field(default=100, ge=0, description="steps until the rate is reached")
    groups: int = Field(
        default=8, ge=1, description="of relations with one object class each, in a grouped batch"
    )
    objects: float = Field(
        default=0.3, ge=0.0, le=1.0, description="share of a random batch that shows single objects"
    )
    grouped_objects: float = Field(default=0.2, ge=0.0, le=1.0, description="the same of a grouped batch")
    prompted: float = Field(
        default=0.9, ge=0.0, le=1.0, description="share of texts that are prompts, the others phrases"
    )
    negatives: int = Field(
        default=3, ge=0, description="wrong texts that each relation brings, its own with another predicate"
    )
    mirrored: float = Field(default=0.5, ge=0.0, le=1.0, description="chance that an image is mirrored")
    patch_dropout: float = Field(
        default=0.5, ge=0.0, lt=1.0, description="share of patches hidden from an image (FLIP)"
    )
    unmasked_from: float = Field(
        default=0.8, ge=0.0, le=1.0, description="share of the steps after which all patches are seen"
    )
    loss: Literal["multi_positive", "clip"] = Field(
        default="multi_positive", description="several right texts an image, or CLIP's own"
    )
    validation: float = Field(default=0.05, gt=0.0, lt=1.0, description="share of images held out")
    checkpoint_every: int = Field(default=500, ge=1, description="steps between checkpoints")
    seed: Seed = Field(default=0, description="of weights and batches")


class LabelsEncoder(Closed):
    """The encoder of table 4, which knows labels and no language."""

    make: list[Literal["labels"]] = Field(default=[], description="[labels] makes it, an empty list does not")
    source: Literal["pretrain", "timm"] = Field(
        default="pretrain",
        description="CLIP's image encoder trained on class labels of the same crops, or a model of timm",
    )
    model: str = Field(
        default="vit_base_patch32_224.augreg_in1k", description="of timm, with ImageNet-1K weights"
    )
    weights: str | None = Field(default=None, description="a local safetensors file for it")
    steps: int = Field(default=500, ge=1, description="of pretrain")


class Clip(Closed):
    """The encoder: `pretrain` on scenes, or any open_clip model with a pretrained tag or a local weights file."""

    source: Literal["pretrain", "open_clip"] = Field(
        default="pretrain", description="pre-train on scenes, or any model of open_clip"
    )
    model: str = Field(
        default="ViT-B-32-quickgelu", description="of open_clip, or a configuration file of its kind (.json)"
    )
    weights: str | None = Field(
        default=None, description="a pretrained tag of open_clip, or a file; null: untrained"
    )
    object_prompt: ObjectPrompt = Field(
        default="a photo of a {object}", description="the sentence of a class"
    )
    triplet_prompt: TripletPrompt = Field(
        default="a photo of a {subject} {predicate} a {object}", description="the sentence of a relation"
    )
    batch: int = Field(default=512, ge=1, description="texts encoded at a time")
    pretrain: Pretrain = Field(default=Pretrain(), description="the small CLIP that is pre-trained on scenes")
