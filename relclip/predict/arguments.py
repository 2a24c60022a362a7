"""The options that the commands with a trained run share."""

import argparse
from pathlib import Path

from relclip.core import command
from relclip.predict.request import Inputs


def add_inputs(parser: argparse.ArgumentParser) -> None:
    """Add --params, --run, the folders that are read, --output and --threads."""
    command.add_params(parser)
    parser.add_argument(
        "--run", required=True, help="an entry of runs, refined or predictions in params.yaml"
    )
    folders = {"model": "data/train/<run>", "dataset": "data/dataset", "features": "data/features/<encoder>"}
    command.add_folders(parser, folders)
    parser.add_argument(
        "--prompts", type=Path, help="the folder data/clip/prompts (the model carries what it needs)"
    )
    parser.add_argument("--kb", type=Path, help="the folder data/kb, read where kb_mask is true")
    command.add_output(parser)
    command.add_threads(parser)


def read_inputs(given: argparse.Namespace) -> Inputs:
    """Return the folders that were given."""
    return Inputs(given.model, given.dataset, given.features, given.kb)
