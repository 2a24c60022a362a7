"""What the commands of this package take on the command line."""

import argparse
from pathlib import Path

from relclip.core import command
from relclip.train.inputs import Inputs

FOLDERS = {
    "dataset": "data/dataset",
    "features": "data/features",
    "prompts": "data/clip/prompts",
    "words": "data/words",
    "kb": "data/kb",
    "ext": "data/ext",
    "checkpoints": "checkpoints",
}


def parser(module: str, description: str, section: str) -> argparse.ArgumentParser:
    """Return a parser of the options that every training has; `section` of params.yaml holds the run."""
    arguments = command.parser(module, description)
    command.add_params(arguments)
    arguments.add_argument("--run", required=True, help=f"the entry of `{section}` in params.yaml")
    for name, default in FOLDERS.items():
        arguments.add_argument(f"--{name}", type=Path, default=Path(default), help=f"folder of {name}")
    arguments.add_argument("--output", type=Path, required=True, help="folder to write")
    arguments.add_argument("--device", default="auto", help="auto, cpu or cuda")
    arguments.add_argument("--threads", type=int, help="threads of the CPU; by default as torch likes")
    return arguments


def inputs(given: argparse.Namespace) -> Inputs:
    """Return the folders that were given."""
    return Inputs(given.dataset, given.features, given.prompts, given.words, given.kb, given.ext)
