"""One training: the section `train` and the entries of `runs`."""

from typing import Literal

from pydantic import Field

from relclip.core.params.base import Closed, Seed


class Rcl(Closed):
    """Relational contrastive learning, RelCLIP eq. 2-6. Level `none` trains the two cross-entropies alone."""

    level: Literal["dual", "triple", "unary", "none"] = "dual"
    weight: float = Field(default=1.0, ge=0.0)
    gamma: float = Field(default=0.5, ge=0.0, le=1.0)
    temperature: float = Field(default=0.07, gt=0.0)
    learn_temperature: bool = False


class Sampling(Closed):
    """Semantic-aware active sampling, RelCLIP eq. 7; `enabled: false` is table 5's No Sampling."""

    enabled: bool = True
    delete_synonyms: bool = True
    weight: Literal["cosine", "shifted", "none"] = "cosine"
    epsilon: float = Field(default=0.7, ge=-1.0, le=1.0)
    eta: float = Field(default=0.0, ge=-1.0, le=1.0)


class Train(Closed):
    """One training. The `train` section gives the defaults; an entry of `runs` overrides some of them.

    A step sees `background_per_foreground` unlabelled pairs for each labelled one. `attention_over: sampled` keeps the
    others out of the relation adaptor too: half the time, the same recall on validation (0.2 to 0.5 points either way);
    0.3 a labelled pair costs 4 points of recall.
    """

    supervision: Literal["full", "kb", "kb+ext"] = "full"
    seed: Seed = 0
    iterations: int = Field(default=600, ge=1)
    images_per_batch: int = Field(default=12, ge=1)
    optimizer: Literal["sgd", "adamw"] = "adamw"
    learning_rate: float = Field(default=1e-3, gt=0.0)
    weight_decay: float = Field(default=1e-4, ge=0.0)
    warmup: int = Field(default=50, ge=0)
    schedule: Literal["constant", "cosine"] = "cosine"
    momentum: float = Field(default=0.9, ge=0.0, lt=1.0)
    gradient_clip: float = Field(default=5.0, ge=0.0)
    dimension: int = Field(default=128, ge=8)
    heads: int = Field(default=4, ge=1)
    roi_size: int = Field(default=3, ge=1)
    dropout: float = Field(default=0.1, ge=0.0, lt=1.0)
    use_labels: Literal["none", "text"] = "none"
    object_features: bool = False
    background_per_foreground: float = Field(default=1.0, ge=0.0)
    attention_over: Literal["all", "sampled"] = "sampled"
    object_loss: float = Field(default=1.0, ge=0.0)
    predicate_loss: float = Field(default=1.0, ge=0.0)
    rcl: Rcl = Rcl()
    sampling: Sampling = Sampling()
    validate_every: int = Field(default=200, ge=1)
    validate_images: int = Field(default=100, ge=1)
    checkpoint_every: int = Field(default=200, ge=1)
