"""`make schema`: workflow/params.schema.json, by which an editor completes, explains and checks params.yaml."""

import json
from pathlib import Path
from typing import Any

from pydantic import Field, create_model

from relclip.core import command
from relclip.core.atomic import write_text
from relclip.core.params.base import Seed
from relclip.core.params.predict import Prediction
from relclip.core.params.train import Refined, Train
from relclip.core.params.whole import Params

TARGET = Path("workflow/params.schema.json")


class Run(Train):
    """A training: what it changes in `train`, and its seeds."""

    seeds: list[Seed] = Field(default=[0], min_length=1, description="a training each; rows name the run")


class RefinedRun(Refined):
    """A training that starts where a run ended."""

    seeds: list[Seed] = Field(default=[0], min_length=1, description="of the run's seeds; as that has them")


class PredictedRun(Prediction):
    """A trained run predicted in another way."""

    seeds: list[Seed] = Field(default=[0], min_length=1, description="of the run's seeds; as that has them")


def schema_text() -> str:
    """The JSON schema of params.yaml as it is written: entries with seeds, no tables."""
    entries: dict[str, Any] = {
        name: (dict[str, kind], Field(default={}, description=f"a name -> {kind.__doc__}"))  # type: ignore[valid-type]
        for name, kind in {"runs": Run, "refined": RefinedRun, "predictions": PredictedRun}.items()
    }
    written = create_model("Params", __base__=Params, **entries)
    schema = written.model_json_schema()
    del schema["properties"]["report"]
    kinds = schema["$defs"]
    while unused := [name for name in kinds if f'"#/$defs/{name}"' not in json.dumps(schema)]:
        for name in unused:
            del kinds[name]
    return json.dumps(schema, indent=1) + "\n"


def main() -> None:
    """Write the schema in the working folder."""
    command.parser("relclip.project.schema", "Write the JSON schema of params.yaml.").parse_args()
    write_text(TARGET, schema_text())


if __name__ == "__main__":
    command.run(main)
