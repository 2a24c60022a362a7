"""One training: the section `train`, the entries of `runs` and of `refined`."""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from relclip.core.errors import ParamsError, nearest
from relclip.core.params.base import Closed, Seed, validate

#: How logits of predicates become scores (docs/method.md, 2).
RankBy = Literal["softmax", "logit", "sigmoid"]
#: Whether the text of the classes is an input of a network.
UseLabels = Literal["none", "text"]
#: How sampled negatives weigh, by the cosine of their phrases (RelCLIP eq. 7).
Weighting = Literal["cosine", "shifted", "none"]
#: How the candidates of a pair share its label.
KbWeights = Literal["uniform", "counts"]

#: The networks that `train.model` names: what each is called and how it works, for pages and model cards.
NETWORKS = {
    "relclip": "RelCLIP: attention over the pairs of a picture, on frozen CLIP features of both things and their union",
    "motif": "Motif: bidirectional recurrent context over the things of a picture, with a bias of class pairs",
}
#: What `train.supervision` and `Refined.method` name, likewise.
SUPERVISIONS = {
    "full": "their annotation",
    "kb": "what captions say of such pairs (KB)",
    "kb+ext": "what captions say of such pairs, weighed by CLIP (KB+EXT)",
}
REFINEMENTS = {
    "visualds": "refined by VisualDS (labels re-estimated by the model, knowledge base and CLIP, then trained again)",
    "visualds_semi": "refined by VisualDS's semi-supervised mode (annotation and re-estimated labels)",
    "ba_sgg": "its predicate classifier adjusted by BA-SGG (balanced relations)",
}
#: What a network is built from: a refined run must have it as the run it starts from.
NETWORK = ("model", "features", "dimension", "heads", "roi_size", "use_labels", "object_features")


class Rcl(Closed):
    """Relational contrastive learning, RelCLIP eq. 2-6; the memory, beyond the paper, begins after `warmup`."""

    level: Literal["dual", "triple", "unary", "none"] = Field(
        default="dual", description="what is contrasted; none trains the two cross-entropies alone"
    )
    weight: float = Field(default=1.0, ge=0.0, description="of the contrast in the loss")
    gamma: float = Field(
        default=0.5,
        ge=0.0,
        le=1.0,
        description="weight of the queries from images in InfoNCE; the rest is of those from texts",
    )
    temperature: float = Field(default=0.07, gt=0.0, description="of InfoNCE")
    learn_temperature: bool = Field(default=False, description="whether it is trained")
    memory: int = Field(
        default=0,
        ge=0,
        description="relation instances of earlier batches that join the negatives; 0: this batch alone",
    )


class Sampling(Closed):
    """Semantic-aware active sampling, RelCLIP eq. 7."""

    enabled: bool = Field(default=True, description="false is table 5's No Sampling")
    delete_synonyms: bool = Field(default=True, description="false is table 5's No Del. Syn.")
    weight: Weighting = Field(
        default="cosine",
        description="of a negative, by the likeness of its words; none is table 5's No Weight",
    )
    epsilon: float = Field(
        default=0.7, ge=-1.0, le=1.0, description="similarity from which two predicates are synonyms"
    )
    eta: float = Field(
        default=0.0, ge=-1.0, le=1.0, description="similarity below which a negative is too easy"
    )


class KbLabels(Closed):
    """Which of the knowledge base's triplets label pairs (beyond the paper: its size and its quality).

    With `kb+ext` CLIP's shares are multiplied by those of `weights: counts`.
    """

    captions: float = Field(
        default=1.0, gt=0.0, le=1.0, description="share of all captions that is used, a seeded choice"
    )
    min_count: int = Field(default=1, ge=1, description="how often a triplet must have been said")
    min_share: float = Field(
        default=0.0,
        ge=0.0,
        le=1.0,
        description="share of all that was said of its two classes that a triplet must have",
    )
    weights: KbWeights = Field(
        default="uniform", description="labels are equally likely, or by the shares of what was said"
    )
    min_clip: float = Field(
        default=0.0,
        ge=0.0,
        le=1.0,
        description="CLIP's share below which a candidate is dropped, the best excepted (kb+ext)",
    )


class Annotation(Closed):
    """Which of the annotated relations label pairs, and how rightly (beyond the paper)."""

    share: float = Field(
        default=1.0, gt=0.0, le=1.0, description="of all annotated relations, a seeded choice"
    )
    noise: float = Field(
        default=0.0,
        ge=0.0,
        le=1.0,
        description="share of the labels that name another predicate of their two classes",
    )


class Train(Closed):
    """One training. The `train` section gives the defaults; an entry of `runs` overrides some of them.

    A step sees `background_per_foreground` unlabelled pairs for each labelled one. `attention_over: sampled` keeps the
    others out of the relation adaptor too: half the time, the same recall on validation (0.2 to 0.5 points either way);
    0.3 a labelled pair costs 4 points of recall. Of an image at most `foreground_per_image` labelled pairs are drawn.
    (16 under kb+ext: recall on validation within 0.2 points of all, mean recall within 1, 60 % of the time.)
    `loss: bce` is VisualDS's (docs/method.md, 6), weighted by the
    labels where `supervision` is kb+ext; `rank_by` turns logits into scores at test (docs/method.md, 2). `schedule:
    plateau` is VisualDS's (docs/method.md, 6): the rate falls to a tenth each time recall on validation has not risen
    for more than `patience` validations. `early_stopping`: a training ends after so many validations in a row whose
    recall was not above the best, and the network of the best validation (the earliest of equals) is kept (D35); null:
    all `iterations` are made and the last network is kept. A cosine falls towards `iterations` either way, so
    `constant`, or `plateau` with less `patience` than this, go with it. A `motif` has no RCL and always reads labels:
    `rcl`, `sampling`, `heads`, `use_labels`, `object_features` are RelCLIP's alone.

    `processes` are started by torchrun; RCL's negatives are those of the whole batch. But for rounding they compute
    what one process does, except which units `dropout` drops.
    """

    model: Literal["relclip", "motif"] = Field(default="relclip", description="the network")
    features: Literal["clip", "labels"] = Field(
        default="clip", description="the encoder whose patch maps are read"
    )
    supervision: Literal["full", "kb", "kb+ext"] = Field(
        default="full",
        description="what labels the pairs: annotation, knowledge base, or that weighed by CLIP's scores",
    )
    seed: Seed = Field(default=0, description="of weights, batches and dropout")
    images: int | None = Field(
        default=None, ge=1, description="train images that train, a seeded choice; null: all"
    )
    annotation: Annotation = Field(
        default=Annotation(), description="which annotated relations label pairs, under full"
    )
    held_out: list[str] = Field(default=[], description="predicates whose labels are dropped (D38)")
    iterations: int = Field(default=600, ge=1, description="steps of the training")
    images_per_batch: int = Field(default=12, ge=1, description="images a step")
    optimizer: Literal["sgd", "adamw"] = Field(default="adamw", description="of the network")
    learning_rate: float = Field(default=1e-3, gt=0.0, description="highest, after the warm-up")
    weight_decay: float = Field(default=1e-4, ge=0.0, description="of the optimizer")
    warmup: int = Field(default=50, ge=0, description="steps until the rate is reached")
    schedule: Literal["constant", "cosine", "plateau"] = Field(
        default="cosine", description="of the rate after the warm-up; plateau is VisualDS's"
    )
    patience: int = Field(
        default=3, ge=0, description="of plateau: validations without a rise before the rate falls"
    )
    early_stopping: int | None = Field(
        default=None,
        ge=1,
        description="validations without a rise after which it ends and the best network stays (D35); null: never",
    )
    momentum: float = Field(default=0.9, ge=0.0, lt=1.0, description="of sgd")
    gradient_clip: float = Field(default=5.0, ge=0.0, description="largest norm of a gradient; 0: any")
    dimension: int = Field(default=128, ge=8, description="of the network's features")
    heads: int = Field(default=4, ge=1, description="of attention")
    roi_size: int = Field(default=3, ge=1, description="side of a pooled region, cells")
    dropout: float = Field(default=0.1, ge=0.0, lt=1.0, description="share of units dropped")
    use_labels: UseLabels = Field(
        default="none", description="whether the classes' text is an input; a motif always reads it"
    )
    object_features: bool = Field(
        default=False, description="whether a relation sees its two objects' own features"
    )
    background_per_foreground: float = Field(
        default=1.0,
        ge=0.0,
        description="unlabelled pairs for each labelled one; 0.3 costs 4 points of recall",
    )
    foreground_per_image: int | None = Field(
        default=None, ge=1, description="labelled pairs drawn of an image at most; null: all"
    )
    attention_over: Literal["all", "sampled"] = Field(
        default="sampled",
        description="pairs that see each other: all, or those with a loss (half the time, the same recall)",
    )
    loss: Literal["cross_entropy", "bce"] = Field(
        default="cross_entropy",
        description="of predicates; bce is VisualDS's, weighted by the labels under kb+ext",
    )
    rank_by: RankBy = Field(
        default="softmax", description="how logits become scores at test (docs/method.md, 2)"
    )
    object_loss: float = Field(default=1.0, ge=0.0, description="weight of the objects' cross-entropy")
    predicate_loss: float = Field(default=1.0, ge=0.0, description="weight of the predicates'")
    rcl: Rcl = Field(default=Rcl(), description="relational contrastive learning, RelCLIP eq. 2-6")
    sampling: Sampling = Field(
        default=Sampling(), description="semantic-aware active sampling, RelCLIP eq. 7"
    )
    kb: KbLabels = Field(default=KbLabels(), description="which of the knowledge base's triplets label pairs")
    validate_every: int = Field(default=200, ge=1, description="steps between validations")
    validate_images: int = Field(default=100, ge=1, description="images of a validation")
    checkpoint_every: int = Field(default=200, ge=1, description="steps between checkpoints")
    precision: Literal["auto", "float32", "bfloat16"] = Field(
        default="auto", description="of arithmetic; auto: bfloat16 on a GPU made for it, else float32"
    )
    processes: int = Field(
        default=1, ge=1, description="that share the images of a batch, a GPU each where there are GPUs"
    )


class Em(Closed):
    """VisualDS's E2 and M2 (docs/method.md, 6)."""

    keep: float = Field(
        default=0.25,
        gt=0.0,
        le=1.0,
        description="share of pairs, those surest not to be background, that stay labelled",
    )
    model_weight: float = Field(
        default=0.9, ge=0.0, le=1.0, description="of the model in a new label, the rest is CLIP's"
    )
    rate: float = Field(default=0.01, gt=0.0, description="M2's learning rate over M1's")
    supervised_rate: float = Field(
        default=1.0, gt=0.0, description="the same of the supervised fine-tune that ends visualds_semi (D22)"
    )


class Balance(Closed):
    """BA-SGG's balanced learning: at most `at_most` instances of each of the `frequent` most frequent predicates."""

    at_most: int = Field(default=2000, ge=1, description="instances of each frequent predicate")
    frequent: int = Field(default=15, ge=0, description="how many predicates count as frequent")


class Refined(Train):
    """A training that starts where the run `start` ended; what it does not name it takes from that run.

    `visualds`: E2, M2 of a run on `kb` or `kb+ext` labels, M1. `visualds_semi`: E1 by a run trained on annotation, M1,
    E2, M2, a supervised fine-tune; its `supervision` says whose candidates E1 chooses among, `kb` or `kb+ext`; M1 takes
    the iterations of `start`, each later phase its own. `ba_sgg`: semantic adjustment and balanced learning of the
    predicate head of a Motif (docs/method.md, 8).
    """

    start: str = Field(description="the run whose network goes on")
    method: Literal["visualds", "visualds_semi", "ba_sgg"] = Field(
        description="VisualDS's E and M steps, its semi-supervised mode, or BA-SGG's second stage"
    )
    em: Em = Field(default=Em(), description="of VisualDS (docs/method.md, 6)")
    balance: Balance = Field(default=Balance(), description="of BA-SGG (docs/method.md, 8)")

    def check_start(self, name: str, start: Train) -> None:
        """Raise ParamsError where this training, entry `name` of `refined`, cannot go on from the run `start`."""
        wanted = {"visualds": ["kb", "kb+ext"], "visualds_semi": ["full"]}.get(
            self.method, ["full", "kb", "kb+ext"]
        )
        if start.supervision not in wanted:
            raise ParamsError(
                f"refined.{name}: {self.method} starts from a run with supervision {' or '.join(wanted)}, but "
                f"'{self.start}' has {start.supervision}; name another run as start"
            )
        if self.method != "ba_sgg" and self.supervision == "full":
            raise ParamsError(
                f"refined.{name}: {self.method} chooses among the knowledge base's candidates; set its supervision to "
                "kb or kb+ext"
            )
        if self.method == "ba_sgg" and start.model != "motif":
            raise ParamsError(
                f"refined.{name}: ba_sgg refines a run with model: motif, but '{self.start}' has {start.model}"
            )
        changed = [key for key in NETWORK if getattr(self, key) != getattr(start, key)]
        if changed:
            raise ParamsError(
                f"refined.{name}.{changed[0]} differs from that of '{self.start}', whose network goes on; leave it out"
            )


def told(settings: Mapping[str, Any]) -> list[str]:
    """Whose labels a training met, by what its config.json says: values of `supervision`."""
    annotation = ["full"] if settings.get("method") == "visualds_semi" else []
    return [*annotation, str(settings.get("supervision", "unknown"))]


def told_in_words(settings: Mapping[str, Any]) -> str:
    """The same for pages and model cards."""
    return " and ".join(SUPERVISIONS.get(one, f"the labels '{one}'") for one in told(settings))


class Trainings(Closed):
    """The sections that name trainings: `train` their defaults, an entry of `runs` or `refined` for each.

    A run of several seeds has an entry a seed by now (relclip/core/params/trainings.py).
    """

    train: Train
    runs: dict[str, dict[str, Any]]
    refined: dict[str, dict[str, Any]] = {}

    @property
    def trained(self) -> list[str]:
        """The names of all trainings."""
        return [*self.runs, *self.refined]

    def run(self, name: str) -> Train:
        """Return the training `name`: the `train` section with that entry of `runs` or `refined` laid over it."""
        if name in self.refined:
            return self._refined(name)
        if name not in self.runs:
            known = self.trained
            raise ParamsError(f"runs has no entry '{name}'{nearest(name, known)}; it has: {', '.join(known)}")
        return validate(Train, _merged(self.train.model_dump(), self.runs[name]), f"runs.{name}.")

    def _refined(self, name: str) -> Refined:
        entry = self.refined[name]
        start = entry.get("start")
        if not isinstance(start, str) or start not in self.runs:
            raise ParamsError(
                f"refined.{name}.start is {start!r}{nearest(str(start), self.runs)}; give an entry of runs: "
                f"{', '.join(self.runs)}"
            )
        base = _merged(self.train.model_dump(), self.runs[start])
        refined = validate(Refined, _merged(base, entry), f"refined.{name}.")
        refined.check_start(name, self.run(start))
        return refined


def _merged(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = _merged(merged[key], value) if both else value
    return merged
