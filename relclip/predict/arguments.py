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
    for name, what in (
        ("model", "data/train/<run>"),
        ("dataset", "data/dataset"),
        ("features", "data/features/<encoder>"),
    ):
        parser.add_argument(f"--{name}", type=Path, required=True, help=f"the folder {what}")
    parser.add_argument(
        "--prompts", type=Path, help="the folder data/clip/prompts (the model carries what it needs)"
    )
    parser.add_argument("--kb", type=Path, help="the folder data/kb, read where kb_mask is true")
    parser.add_argument("--output", type=Path, required=True, help="the folder to make")
    parser.add_argument("--threads", type=int, help="CPU threads (default: torch's choice)")


def read_inputs(given: argparse.Namespace) -> Inputs:
    """Return the folders that were given."""
    return Inputs(given.model, given.dataset, given.features, given.kb)
