"""What the commands of this package take on the command line."""

import argparse

from relclip.core import command
from relclip.train.inputs import Inputs

FOLDERS = {
    "dataset": "data/dataset",
    "features": "data/features/clip",
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
    command.add_folders(arguments, FOLDERS, required=False)
    command.add_output(arguments)
    command.add_device(arguments)
    command.add_threads(arguments)
    return arguments


def inputs(given: argparse.Namespace) -> Inputs:
    """Return the folders that were given."""
    return Inputs(given.dataset, given.features, given.prompts, given.words, given.kb, given.ext)
