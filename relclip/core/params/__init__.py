"""params.yaml: one closed, typed configuration. A section a stage, `runs` for the trainings, `tables` for rows."""

from pathlib import Path
from typing import Any

import yaml
from pydantic import model_validator

from relclip.core.errors import ParamsError
from relclip.core.params.base import Closed
from relclip.core.params.data import Dataset, Kb, Raw, Scenes, Split, VisualGenome, Words
from relclip.core.params.encoder import Clip, Detector, Ext, Features, LabelsEncoder, Pretrain
from relclip.core.params.errors import nearest, validate
from relclip.core.params.judging import (
    Difference,
    Evaluate,
    Gradcam,
    Predict,
    Prediction,
    RankBy,
    Row,
    Tables,
)
from relclip.core.params.together import check_named_runs, check_names, check_stages
from relclip.core.params.training import Balance, Em, KbLabels, Rcl, Refined, Sampling, Train

__all__ = [
    "Balance", "Clip", "Closed", "Dataset", "Detector", "Difference", "Em", "Evaluate", "Ext", "Features",
    "Gradcam", "Kb", "KbLabels", "LabelsEncoder", "Params", "Predict", "Prediction", "Pretrain", "Raw", "Rcl",
    "Refined", "Row",
    "Sampling", "Scenes", "Split", "Tables", "Train", "VisualGenome", "Words",
    "check_params", "check_workflow_config", "load_params",
]  # fmt: skip


class Params(Closed):
    """The whole params.yaml."""

    raw: Raw
    dataset: Dataset
    kb: Kb
    words: Words
    clip: Clip
    labels: LabelsEncoder
    features: Features
    ext: Ext
    detector: Detector
    train: Train
    runs: dict[str, dict[str, Any]]
    refined: dict[str, dict[str, Any]] = {}
    predict: Predict
    predictions: dict[str, Prediction] = {}
    evaluate: Evaluate
    gradcam: Gradcam = Gradcam()
    tables: Tables

    def run(self, name: str) -> Train:
        """Return the training `name`: the `train` section with that entry of `runs` or `refined` laid over it."""
        if name in self.refined:
            return self._refined(name)
        if name not in self.runs:
            known = [*self.runs, *self.refined]
            raise ParamsError(f"runs has no entry '{name}'{nearest(name, known)}; it has: {', '.join(known)}")
        return validate(Train, _merged(self.train.model_dump(), self.runs[name]), f"runs.{name}.")

    def prediction(self, name: str) -> tuple[str, Predict, RankBy]:
        """Return what predicts `name`: the trained run, the `predict` section as that entry has it, and `rank_by`."""
        known = [*self.runs, *self.refined, *self.predictions]
        if name not in known:
            raise ParamsError(
                f"runs, refined and predictions have no entry '{name}'{nearest(name, known)}; they have: "
                f"{', '.join(known)}"
            )
        entry = self.predictions.get(name) or Prediction(run=name)
        said = {key: value for key, value in entry if value is not None and key in Predict.model_fields}
        return entry.run, self.predict.model_copy(update=said), entry.rank_by or self.run(entry.run).rank_by

    def _refined(self, name: str) -> Refined:
        entry = self.refined[name]
        start = entry.get("start")
        if start not in self.runs:
            raise ParamsError(
                f"refined.{name}.start is {start!r}{nearest(str(start), self.runs)}; give an entry of runs: "
                f"{', '.join(self.runs)}"
            )
        base = _merged(self.train.model_dump(), self.runs[start])
        refined: Refined = validate(Refined, _merged(base, entry), f"refined.{name}.")
        refined.check_start(name, self.run(start))
        return refined

    @model_validator(mode="after")
    def _together(self) -> "Params":
        check_names(self)
        check_named_runs(self)
        check_stages(self)
        return self


class UniqueKeys(yaml.SafeLoader):
    """YAML's safe loader, which refuses a key that comes twice instead of keeping the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Build one mapping; raise where a key comes again."""
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        twice = next((key for place, key in enumerate(keys) if key in keys[:place]), None)
        if twice is not None:
            raise yaml.constructor.ConstructorError(
                None, None, f"the key '{twice}' comes twice", node.start_mark
            )
        return super().construct_mapping(node, deep)


def load_params(path: Path) -> Params:
    """Read and check params.yaml.

    Raises ParamsError naming the key, the value met, and what is allowed (the nearest known key for a typo).
    """
    try:
        content = yaml.load(path.read_text("utf-8"), UniqueKeys)
    except FileNotFoundError:
        raise ParamsError(
            f"{path} does not exist; go to the project's folder or name the file with --params; to put one in place"
            " there: make preset NAME=scenes"
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
    return validate(Params, content, "")


def _merged(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = _merged(merged[key], value) if both else value
    return merged
