"""params.yaml: one closed, typed configuration. A section a stage, `runs` for the trainings, `tables` for rows."""

import difflib
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from relclip.core.errors import ParamsError

Fraction = Field(ge=0.0, le=1.0)


class Closed(BaseModel):
    """A section whose keys are all known and whose values are never bent to fit."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Scenes(Closed):
    """The procedural data set (SCENES.md): pictures with relations, a caption corpus, CLIP's pre-training pictures."""

    seed: int = 0
    images: int = Field(default=3200, ge=3)
    captions: int = Field(default=30000, ge=1)
    pretrain_images: int = Field(default=4000, ge=1)
    image_size: int = Field(default=320, ge=64)
    objects_per_image: tuple[int, int] = (18, 24)
    annotated: float = Field(default=0.4, gt=0.0, le=1.0)


class Raw(Closed):
    """Where the pictures, annotations and captions come from."""

    source: Literal["scenes", "folder"] = "scenes"
    folder: str | None = None
    captions: list[str] = []
    scenes: Scenes = Scenes()

    @model_validator(mode="after")
    def _folder_needs_a_path(self) -> "Raw":
        if self.source == "folder" and not self.folder:
            raise ValueError(
                "raw.source is 'folder', so raw.folder must name a folder in Visual Genome's formats"
            )
        return self


class Split(Closed):
    """Fractions of all images, drawn by a seeded hash of the image id; the rest is train."""

    validation: float = Fraction
    test: float = Fraction
    seed: int = 0


class Dataset(Closed):
    """The vocabulary and the filter. `vg150` and `vg20` are built in; a path is a text file, one name a line.

    `exact` takes names as the alias files leave them, which is how Visual Genome's published counts were made.
    """

    objects: str = "vg150"
    predicates: str = "vg20"
    object_aliases: str | None = None
    predicate_aliases: str | None = None
    object_match: Literal["exact", "plural", "last_word"] = "plural"
    predicate_match: Literal["exact", "lemma"] = "lemma"
    split: Split = Split(validation=0.1, test=0.4)
    duplicates: Literal["drop", "keep"] = "drop"
    truth: bool = False


class Kb(Closed):
    """Captions to triplets."""

    chunk: int = Field(default=200_000, ge=1)
    workers: int = Field(default=2, ge=1)
    min_count: int = Field(default=1, ge=1)


class Words(Closed):
    """Word vectors for RelCLIP eq. 7: trained on the captions, or read from a file in word2vec's text format."""

    source: str = "captions"
    dimension: int = Field(default=100, ge=2)
    window: int = Field(default=5, ge=1)
    epochs: int = Field(default=5, ge=1)
    min_count: int = Field(default=2, ge=1)
    centre: bool = True
    seed: int = 0


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
    seed: int = 0


class Clip(Closed):
    """The encoder: `pretrain` on scenes, or any open_clip model with a pretrained tag or a local weights file."""

    source: Literal["pretrain", "open_clip"] = "pretrain"
    model: str = "ViT-B-32-quickgelu"
    weights: str | None = None
    object_prompt: str = "a photo of a {object}"
    triplet_prompt: str = "a photo of a {subject} {predicate} a {object}"
    batch: int = Field(default=512, ge=1)
    pretrain: Pretrain = Pretrain()


class Features(Closed):
    """Frozen patch maps, V(I). `image_size` is the side the picture is resized to before the encoder."""

    image_size: int = Field(default=128, ge=8)
    batch: int = Field(default=64, ge=1)


class Ext(Closed):
    """CLIP on union crops, widened by the fraction `margin` of their sides; logits are divided by `temperature`."""

    margin: float = Field(default=0.0, ge=0.0)
    prompt: str = "a photo of a {subject} {predicate} a {object}"
    temperature: float = Field(default=1.0, gt=0.0)
    batch: int = Field(default=256, ge=1)
    zero_shot_classes: int = Field(default=5, ge=1)


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
    seed: int = 0
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


class Predict(Closed):
    """What is written for the evaluator: rows that can reach the top `keep`, and the rows that need no training."""

    keep: int = Field(default=100, ge=1)
    batch: int = Field(default=16, ge=1)
    rank_by: Literal["softmax", "logit", "sigmoid"] = "softmax"
    kb_mask: bool = False
    training_free: list[Literal["ext", "kb", "kb_ext", "kb_counts"]] = ["ext", "kb", "kb_ext", "kb_counts"]
    tie_seed: int = 0


class Evaluate(Closed):
    """The protocol, METHOD section 2: one switch per item."""

    dedup: bool = True
    empty_predictions: Literal["zero", "skip"] = "zero"
    pixel_inclusive: bool = True
    recall: Literal["per_image", "pooled"] = "per_image"
    require_overlap: bool = False
    split: Literal["train", "val", "test"] = "test"
    bootstrap: int = Field(default=1000, ge=0)
    seed: int = 0


class Row(Closed):
    """A row of a table: its name in the paper and the runs (one a seed) whose mean it shows; no runs: not yet built."""

    name: str
    runs: list[str] = []


class Difference(Closed):
    """A claim of the paper: run `better` is ahead of run `worse`; tested by paired differences, seed by seed."""

    claim: str
    better: list[str]
    worse: list[str]


class Tables(Closed):
    """Which runs fill which rows; the columns and the paper's numbers belong to the `tables` stage."""

    table1_distant: list[Row] = []
    table1_full: list[Row] = []
    table3: list[Row] = []
    table5: list[Row] = []
    table6: list[Row] = []
    claims: list[Difference] = []


class Params(Closed):
    """The whole params.yaml."""

    raw: Raw
    dataset: Dataset
    kb: Kb
    words: Words
    clip: Clip
    features: Features
    ext: Ext
    train: Train
    runs: dict[str, dict[str, Any]]
    predict: Predict
    evaluate: Evaluate
    tables: Tables

    def run(self, name: str) -> Train:
        """Return the training `name`: the `train` section with that entry of `runs` laid over it."""
        if name not in self.runs:
            raise ParamsError(
                f"runs has no entry '{name}'{_nearest(name, self.runs)}; it has: {', '.join(self.runs)}"
            )
        return _validate(Train, _merged(self.train.model_dump(), self.runs[name]), f"runs.{name}.")

    @model_validator(mode="after")
    def _runs_and_rows_agree(self) -> "Params":
        for name in self.runs:
            self.run(name)
        known = [*self.runs, *self.predict.training_free]
        for row in (
            self.tables.table1_distant
            + self.tables.table1_full
            + self.tables.table3
            + self.tables.table5
            + self.tables.table6
        ):
            for name in row.runs:
                if name not in known:
                    raise ValueError(
                        f"the table row '{row.name}' names the run '{name}', which runs lacks{_nearest(name, known)}"
                    )
        return self


def load_params(path: Path) -> Params:
    """Read and check params.yaml.

    Raises ParamsError naming the key, the value met, and what is allowed (the nearest known key for a typo).
    """
    try:
        content = yaml.safe_load(path.read_text("utf-8"))
    except FileNotFoundError:
        raise ParamsError(
            f"{path} does not exist; run 'make preset NAME=scenes' to put one in place"
        ) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ParamsError(f"{path} is not valid YAML: {' '.join(str(error).split())}") from None
    return check_params(content)


def check_workflow_config(config: Any, path: Path) -> Params:
    """Check what Snakemake took for its config: it must be `path` and nothing else, as DVC reads that file too."""
    params = load_params(path)
    if config != yaml.safe_load(path.read_text("utf-8")):
        raise ParamsError(
            "snakemake's --config and --configfile are refused: DVC would not see them; edit params.yaml,"
            " or put a preset in its place with 'make preset NAME=...'"
        )
    return params


def check_params(content: Any) -> Params:
    """Check the content of a params.yaml that was read already."""
    if not isinstance(content, dict):
        raise ParamsError(
            f"params.yaml must be a mapping of sections, met {type(content).__name__};"
            f" sections: {', '.join(Params.model_fields)}"
        )
    return _validate(Params, content, "")


def _validate(model: Any, content: dict[str, Any], prefix: str) -> Any:
    try:
        return model.model_validate(_tuples(content))
    except ValidationError as error:
        first = error.errors()[0]
        raise ParamsError(_sentence(model, first, prefix)) from None


def _sentence(model: Any, error: Any, prefix: str) -> str:
    place = prefix + ".".join(map(str, error["loc"]))
    if error["type"] == "extra_forbidden":
        known = _keys(model, error["loc"][:-1])
        near = _nearest(str(error["loc"][-1]), known)
        return f"params.yaml has an unknown key '{place}'{near}; known keys: {', '.join(known)}"
    if error["type"] == "missing":
        return f"params.yaml lacks '{place}'; compare with workflow/presets/scenes.yaml"
    if error["type"] == "value_error":
        return str(error["ctx"]["error"])
    return f"params.yaml: '{place}' is {error['input']!r}: {error['msg']}"


def _keys(model: Any, location: tuple[Any, ...]) -> list[str]:
    for part in location:
        if isinstance(part, int):
            continue
        annotation = model.model_fields[part].annotation
        model = next(
            (
                kind
                for kind in (annotation, *getattr(annotation, "__args__", ()))
                if hasattr(kind, "model_fields")
            ),
            None,
        )
        if model is None:
            return []
    return list(model.model_fields)


def _nearest(word: str, known: Any) -> str:
    match = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return f" (did you mean '{match[0]}'?)" if match else ""


def _merged(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = _merged(merged[key], value) if both else value
    return merged


def _tuples(content: dict[str, Any]) -> dict[str, Any]:
    """YAML has no tuples: objects_per_image is a list of two there."""
    scenes = content.get("raw", {}).get("scenes", {}) if isinstance(content.get("raw"), dict) else {}
    if isinstance(scenes, dict) and isinstance(scenes.get("objects_per_image"), list):
        content = {
            **content,
            "raw": {
                **content["raw"],
                "scenes": {**scenes, "objects_per_image": tuple(scenes["objects_per_image"])},
            },
        }
    return content
