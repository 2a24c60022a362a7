"""The sections `predict` and `predictions`: which triplets are written, of which runs."""

from typing import Literal

from pydantic import Field

from relclip.core.errors import ParamsError, nearest
from relclip.core.params.base import Closed
from relclip.core.params.clip import Clip
from relclip.core.params.train import RankBy, Train, Trainings

#: What scores the predicates of a trained run.
By = Literal["classifier", "matching", "both"]
#: Which ordered pairs are predicted: those whose boxes overlap, or all.
Pairs = Literal["overlapping", "all"]
#: Rows that need no training.
TrainingFree = Literal["ext", "kb", "kb_ext", "kb_counts"]


class Predict(Closed):
    """What is written for the evaluator: rows that can reach the top `keep`, and the rows that need no training.

    `sgdet_score` (D31): the classifier of a trained run never met a box without an object, the detector did: on
    validation the product is 0.7 to 2.1 points of R@20 better, R@100 within 0.2 (RelCLIP KB and KB+EXT, Motif KB).
    """

    keep: int = Field(default=100, ge=1, description="rows of an image that are written")
    batch: int = Field(default=16, ge=1, description="images at a time")
    pairs: Pairs = Field(default="overlapping", description="ordered pairs whose boxes overlap, or all")
    kb_mask: bool = Field(
        default=False, description="whether only what the knowledge base knows of two classes counts"
    )
    kb_min_count: int = Field(
        default=1,
        ge=1,
        description="how often a triplet must have been said, for kb_mask; also for the rows without training",
    )
    calibrate: bool = Field(
        default=False, description="divide logits by temperatures that fit validation best (beyond the paper)"
    )
    by: By = Field(default="classifier", description="what scores the predicates of a trained run (D37)")
    sgdet_score: Literal["classifier", "classifier_times_detector"] = Field(
        default="classifier_times_detector", description="of a detected object (D31)"
    )
    training_free: list[TrainingFree] = Field(
        default=["ext", "kb", "kb_ext", "kb_counts"], description="rows that need no training"
    )
    sgdet: list[str] = Field(
        default=[], description="trained runs that are predicted on the detector's boxes too"
    )
    sgdet_training_free: list[TrainingFree] = Field(
        default=[], description="the same of rows without training"
    )

    @property
    def detected(self) -> list[str]:
        """The names of all that is predicted on the detector's boxes too."""
        return [*self.sgdet, *self.sgdet_training_free]


class Prediction(Closed):
    """An entry of `predictions`: a trained run predicted in another way; what it does not name is as in `predict`."""

    run: str = Field(description="the trained run")
    pairs: Pairs | None = Field(default=None, description="as in predict")
    kb_mask: bool | None = Field(default=None, description="as in predict")
    calibrate: bool | None = Field(default=None, description="as in predict")
    by: By | None = Field(default=None, description="as in predict")
    rank_by: RankBy | None = Field(default=None, description="as in train")


class Predictions(Trainings):
    """The sections that name what is predicted: the trainings, `predict`, and an entry of `predictions` for each.

    `clip`: its prompts, which matching reads.
    """

    clip: Clip = Clip()
    predict: Predict
    predictions: dict[str, Prediction] = {}

    def prediction(self, name: str) -> tuple[str, Predict, RankBy]:
        """Return what predicts `name`: the trained run, the `predict` section as that entry has it, and `rank_by`."""
        known = [*self.trained, *self.predictions]
        if name not in known:
            raise ParamsError(
                f"runs, refined and predictions have no entry '{name}'{nearest(name, known)}; they have: "
                f"{', '.join(known)}"
            )
        entry = self.predictions.get(name) or Prediction(run=name)
        said = {key: value for key, value in entry if value is not None and key in Predict.model_fields}
        predict, run = self.predict.model_copy(update=said), self.run(entry.run)
        rank_by = entry.rank_by or run.rank_by
        if predict.by != "classifier":
            _check_matching(name, predict, run, rank_by)
        return entry.run, predict, rank_by


def _check_matching(name: str, predict: Predict, run: Train, rank_by: RankBy) -> None:
    """Raise ParamsError where the run has no contrast, or what else is asked of it is the classifier's alone."""
    said = f"'{name}' is predicted by: {predict.by}, which "
    if run.model != "relclip" or run.rcl.level == "none":
        raise ParamsError(
            f"{said}needs a contrast; its run has none: take one with model: relclip and an rcl.level"
        )
    if predict.calibrate:
        raise ParamsError(
            f"{said}calibrate, of the classifier's logits, does not reach; set calibrate: false"
        )
    if predict.by == "both" and rank_by != "softmax":
        raise ParamsError(f"{said}mixes chances, which {rank_by} has not; set rank_by: softmax")
