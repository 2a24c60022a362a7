"""The options that the commands with a trained run share."""

import argparse
from pathlib import Path

from relclip.core import command
from relclip.core.params.predict import Predictions
from relclip.predict.request import Inputs, Request


def add_inputs(parser: argparse.ArgumentParser, output: str) -> None:
    """Add --params, --run, the folders that are read, --output (`output` is its usual place) and --threads."""
    command.add_params(parser)
    parser.add_argument(
        "--run", required=True, help="an entry of runs, refined or predictions in params.yaml"
    )
    command.add_folders(parser, "dataset", "kb", model="train/<trained>", features="features/<maps>")
    command.add_folders(parser, encoder="clip/model")
    parser.add_argument(
        "--prompts", type=Path, help="the folder data/clip/prompts (the model carries what it needs)"
    )
    command.add_output(parser, output)
    command.add_threads(parser)


def read_inputs(given: argparse.Namespace, request: Request, params: Predictions) -> Inputs:
    """Return the folders that were given, or where the trained run and its encoder's maps usually are."""
    command.fill(given, trained=request.trained_run, maps=params.run(request.trained_run).features)
    return Inputs(given.model, given.dataset, given.features, given.kb, given.encoder)
