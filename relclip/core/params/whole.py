"""The whole params.yaml: every section, and what they must say of one another."""

from pathlib import Path
from typing import Any

import yaml
from pydantic import Field, model_validator

from relclip.core.errors import ParamsError
from relclip.core.params.base import validate
from relclip.core.params.clip import Clip, LabelsEncoder
from relclip.core.params.dataset import Dataset
from relclip.core.params.detector import Detector
from relclip.core.params.evaluate import Evaluate
from relclip.core.params.ext import Ext
from relclip.core.params.features import Features
from relclip.core.params.gradcam import Gradcam
from relclip.core.params.kb import Kb
from relclip.core.params.predict import Predictions
from relclip.core.params.raw import Raw
from relclip.core.params.reading import read_content
from relclip.core.params.tables import Report, read_report, with_trainings_of_rows
from relclip.core.params.together import (
    check_captions,
    check_named_runs,
    check_names,
    check_report,
    check_stages,
    with_row_names,
)
from relclip.core.params.trainings import trainings, with_trainings
from relclip.core.params.words import Words


class Params(Predictions):
    """The whole params.yaml, an entry a training; the sections that name trainings are those of Predictions.

    `report`: the tables, which stand in files of their own.
    """

    raw: Raw
    dataset: Dataset
    kb: Kb
    words: Words
    clip: Clip
    labels: LabelsEncoder
    features: Features
    ext: Ext
    detector: Detector
    evaluate: Evaluate
    gradcam: Gradcam = Gradcam()
    tables: str | None = Field(
        default=None, description="what workflow/tables/<name>.yaml changes in workflow/tables.yaml"
    )
    report: Report = Report()

    @property
    def word_vectors(self) -> bool:
        """Whether there are any: from captions that come in, a file or a download."""
        return self.raw.captioned or self.words.source != "captions"

    @property
    def judged(self) -> list[str]:
        """The names of all that is predicted and evaluated."""
        return [*self.trained, *self.predictions, *self.predict.training_free]

    @model_validator(mode="after")
    def _together(self) -> "Params":
        check_names(self)
        check_named_runs(self)
        check_stages(self)
        check_captions(self)
        return self


def load_params(path: Path) -> Params:
    """Read and check all of params.yaml, without tables. Raises ParamsError as `load_sections` does."""
    return check_params(read_content(path))


def load_workflow(path: Path) -> Params:
    """Read and check params.yaml and the tables beside it. Raises ParamsError as `load_sections` does."""
    content = read_content(path)
    return check_params(content | {"report": read_report(path, content)})


def check_workflow_config(config: Any, path: Path) -> Params:
    """Check what Snakemake took for its config: it must be `path` and nothing else, as DVC reads that file too."""
    params = load_workflow(path)
    if config != yaml.safe_load(path.read_text("utf-8")):
        raise ParamsError(
            "snakemake's --config and --configfile are refused: DVC would not see them; edit params.yaml,"
            " or put a preset in its place with 'make preset NAME=...'"
        )
    return params


def check_params(content: dict[str, Any]) -> Params:
    """Check the content of a params.yaml, with or without that of its tables as `report`."""
    params = validate(Params, with_trainings(content), "")
    report = with_trainings_of_rows(params.report, trainings(content))
    params = params.model_copy(update={"report": report})
    check_report(params)
    return with_row_names(params)
