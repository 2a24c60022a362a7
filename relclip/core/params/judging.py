"""Sections of the stages that judge: predict, evaluate, tables."""

from typing import Literal

from pydantic import Field, model_validator

from relclip.core.params.base import Closed, Seed

#: How logits of predicates become scores (docs/method.md, 2).
RankBy = Literal["softmax", "logit", "sigmoid"]


class Predict(Closed):
    """What is written for the evaluator: rows that can reach the top `keep`, and the rows that need no training.

    `sgdet`, `sgdet_training_free`: what of both is predicted on the detector's boxes too. `pairs`: ordered pairs whose
    boxes overlap, or all. `kb_mask`: only what the knowledge base knows of two classes. Without training and for the
    mask it knows what was said `kb_min_count` times. `calibrate`: divide predicate and object logits by temperatures
    that fit the validation annotation best (beyond the paper). `sgdet_score`: of a detected object of a trained run
    (D31); its classifier never met a box without an object, the detector did: on validation the product is 0.7 to 2.1
    points of R@20 better, R@100 within 0.2 (RelCLIP KB and KB+EXT, Motif KB).
    """

    keep: int = Field(default=100, ge=1)
    batch: int = Field(default=16, ge=1)
    pairs: Literal["overlapping", "all"] = "overlapping"
    kb_mask: bool = False
    kb_min_count: int = Field(default=1, ge=1)
    calibrate: bool = False
    sgdet_score: Literal["classifier", "classifier_times_detector"] = "classifier_times_detector"
    training_free: list[Literal["ext", "kb", "kb_ext", "kb_counts"]] = ["ext", "kb", "kb_ext", "kb_counts"]
    sgdet: list[str] = []
    sgdet_training_free: list[Literal["ext", "kb", "kb_ext", "kb_counts"]] = []


class Prediction(Closed):
    """An entry of `predictions`: a trained run predicted in another way; what it does not name is as in `predict`."""

    run: str
    pairs: Literal["overlapping", "all"] | None = None
    kb_mask: bool | None = None
    calibrate: bool | None = None
    rank_by: RankBy | None = None


class Evaluate(Closed):
    """The protocol, docs/method.md, 2: one switch per item. P@10 and P@20 are counted on `precision_images` images."""

    dedup: bool = True
    empty_predictions: Literal["zero", "skip"] = "zero"
    pixel_inclusive: bool = True
    recall: Literal["per_image", "pooled"] = "per_image"
    require_overlap: bool = False
    split: Literal["train", "val", "test"] = "test"
    bootstrap: int = Field(default=1000, ge=0)
    precision_images: int = Field(default=200, ge=1)
    seed: Seed = 0


class Gradcam(Closed):
    """Figure 2: heat maps of CLIP and of the trained `runs` for `relations` test relations that `seed` chooses."""

    runs: list[str] = []
    relations: int = Field(default=6, ge=1)
    seed: Seed = 0


class Row(Closed):
    """A row of a table: its name in the paper and the runs (one a seed) whose mean it shows; no runs: not yet built.

    `note`: what a reader must know of this row. Rows of one `group` stand under that heading.
    """

    name: str
    runs: list[str] = []
    note: str = ""
    group: str = ""


class Difference(Closed):
    """A claim of the paper: run `better` is ahead of run `worse`; tested by paired differences, seed by seed.

    It is tested on each of `tasks`; sgdet needs its runs in predict.sgdet.
    """

    claim: str
    tasks: list[Literal["predcls", "sgcls", "sgdet"]] = Field(default=["predcls"], min_length=1)
    better: list[str] = Field(min_length=1)
    worse: list[str] = Field(min_length=1)

    @model_validator(mode="after")
    def _pairs(self) -> "Difference":
        if len(self.better) != len(self.worse):
            raise ValueError(
                f"the claim '{self.claim}' has {len(self.better)} better and {len(self.worse)} worse runs;"
                " they are paired, so give as many of both"
            )
        return self


class Figures(Closed):
    """Whose predictions the figures show: figure 5 all of `examples`, figure 6 `rcl` beside `no_rcl`."""

    examples: list[str] = []
    rcl: str | None = None
    no_rcl: str | None = None

    @property
    def runs(self) -> list[str]:
        """Every run that some figure names."""
        return [*self.examples, *(run for run in (self.rcl, self.no_rcl) if run)]


class Tables(Closed):
    """Which runs fill which rows; the columns and the paper's numbers belong to the `tables` stage."""

    table1_distant: list[Row] = []
    table1_full: list[Row] = []
    table2: list[Row] = []
    table3: list[Row] = []
    table4: list[Row] = []
    table5: list[Row] = []
    table6: list[Row] = []
    beyond: list[Row] = []
    kb_size: list[Row] = []
    figures: Figures = Figures()
    claims: list[Difference] = []
