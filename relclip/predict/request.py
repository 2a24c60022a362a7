"""What is predicted and how: an entry of `runs`, `refined` or `predictions`, and the folders it reads."""

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from relclip.core import command
from relclip.core.digest import file_digest
from relclip.core.params.clip import Clip
from relclip.core.params.predict import Predict, Predictions
from relclip.core.params.reading import load_sections
from relclip.core.params.train import RankBy
from relclip.core.trained import WEIGHTS

Sections = TypeVar("Sections", bound=Predictions)


@dataclass(frozen=True)
class Prompts:
    """The templates of the texts that pairs are matched with."""

    object: str = Clip.model_fields["object_prompt"].default
    triplet: str = Clip.model_fields["triplet_prompt"].default


@dataclass(frozen=True)
class Inputs:
    """The folders that a prediction reads.

    `kb` only where the knowledge base masks the predicates; `encoder`, the prompts', only where they are matched.
    """

    model: Path
    dataset: Path
    features: Path
    kb: Path | None = None
    encoder: Path | None = None


@dataclass(frozen=True)
class Request:
    """A trained run, the `predict` section as this request has it, how its logits are ranked, the prompts."""

    run: str
    trained_run: str
    params: Predict
    rank_by: RankBy = "softmax"
    prompts: Prompts = Prompts()

    @classmethod
    def of(cls, params: Predictions, name: str) -> "Request":
        """Read the entry `name`. Raises ParamsError where there is none."""
        prompts = Prompts(params.clip.object_prompt, params.clip.triplet_prompt)
        return cls(name, *params.prediction(name), prompts)

    def provenance(self, inputs: Inputs) -> dict[str, str | bool]:
        """What provenance.json says."""
        return {
            "run": self.run,
            "trained_run": self.trained_run,
            "model_sha256": file_digest(inputs.model / WEIGHTS),
            "rank_by": self.rank_by,
            "pairs": self.params.pairs,
            "kb_mask": self.params.kb_mask,
            "calibrate": self.params.calibrate,
            **({} if self.params.by == "classifier" else {"by": self.params.by}),
        }


def add_inputs(parser: argparse.ArgumentParser, output: str) -> None:
    """Add --params, --run, the folders that are read, --output (`output` is its usual place) and --threads."""
    command.add_params(parser)
    command.add_runs(parser, "runs, refined or predictions")
    command.add_folders(parser, "dataset", "kb", model="train/<trained>", features="features/<maps>")
    command.add_folders(parser, encoder="clip/model")
    command.add_path(
        parser, "--prompts", "FOLDER", "accepted and not read: a model carries the texts it needs"
    )
    command.add_output(parser, output)
    command.add_threads(parser)


def read_requests(
    parser: argparse.ArgumentParser, sections: type[Sections]
) -> tuple[Sections, list[tuple[argparse.Namespace, Request, Inputs]]]:
    """Parse the command line: the `sections` of params.yaml, and each run's options with what it asks and reads."""
    runs = command.parse_runs(parser)
    params = load_sections(runs[0].params, sections)
    asked = [(options, Request.of(params, options.run)) for options in runs]
    return params, [(options, request, read_inputs(options, request, params)) for options, request in asked]


def read_inputs(options: argparse.Namespace, request: Request, params: Predictions) -> Inputs:
    """Return the folders that were given, or where the trained run and its encoder's maps usually are."""
    command.fill(options, trained=request.trained_run, maps=params.run(request.trained_run).features)
    return Inputs(options.model, options.dataset, options.features, options.kb, options.encoder)
