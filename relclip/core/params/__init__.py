"""params.yaml: one closed, typed configuration. A section a stage, `runs` for the trainings, `tables` for rows."""

import re
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import model_validator

from relclip.core.errors import ParamsError
from relclip.core.params.base import Closed
from relclip.core.params.data import Dataset, Kb, Raw, Scenes, Split, Words
from relclip.core.params.encoder import Clip, Ext, Features, Pretrain
from relclip.core.params.errors import nearest, validate
from relclip.core.params.judging import Difference, Evaluate, Predict, Row, Tables
from relclip.core.params.training import Rcl, Sampling, Train

#: A run's name becomes a folder, a rule's wildcard and a word of a command.
RUN_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]*")
TRAINING_FREE = get_args(get_args(Predict.model_fields["training_free"].annotation)[0])

__all__ = [
    "Clip", "Closed", "Dataset", "Difference", "Evaluate", "Ext", "Features", "Kb", "Params", "Predict", "Pretrain",
    "Raw", "Rcl", "Row", "Sampling", "Scenes", "Split", "Tables", "Train", "Words",
    "check_params", "check_workflow_config", "load_params",
]  # fmt: skip


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
                f"runs has no entry '{name}'{nearest(name, self.runs)}; it has: {', '.join(self.runs)}"
            )
        return validate(Train, _merged(self.train.model_dump(), self.runs[name]), f"runs.{name}.")

    @model_validator(mode="after")
    def _runs_are_names(self) -> "Params":
        for name in self.runs:
            if not RUN_NAME.fullmatch(name) or name in TRAINING_FREE:
                raise ValueError(
                    f"runs has the entry '{name}'; a run's name is a folder's: letters, digits, _ and -, none of"
                    f" {', '.join(TRAINING_FREE)}"
                )
            self.run(name)
        return self

    @model_validator(mode="after")
    def _tables_name_runs_there_are(self) -> "Params":
        tables = self.tables
        rows = tables.table1_distant + tables.table1_full + tables.table3 + tables.table5 + tables.table6
        named = [(f"the table row '{row.name}'", row.runs) for row in rows]
        named += [(f"the claim '{claim.claim}'", claim.better + claim.worse) for claim in tables.claims]
        known = [*self.runs, *self.predict.training_free]
        for what, runs in named:
            for name in runs:
                if name not in known:
                    raise ValueError(f"{what} names the run '{name}', which runs lacks{nearest(name, known)}")
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
    return validate(Params, content, "")


def _merged(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = _merged(merged[key], value) if both else value
    return merged
