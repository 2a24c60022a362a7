"""What the commands of this package take on the command line."""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from relclip.compute.halving import told_in_a_sentence
from relclip.compute.world import joined
from relclip.core import command
from relclip.core.params.train import Train
from relclip.tracking.recorder import Silent
from relclip.tracking.runs import track
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


@contextmanager
def trained(given: argparse.Namespace, params: Train) -> Iterator[dict[str, Any]]:
    """Yield what every training takes: its recorder, device and threads, and its place among torchrun's processes.

    The first of several processes alone is tracked.
    """
    advice = "lower train.images_per_batch, or use a device with more memory"
    with joined(given.device) as (world, device), told_in_a_sentence(advice):
        options = {"device": device, "threads": given.threads, "world": world}
        if not world.first:
            yield {**options, "recorder": Silent()}
            return
        with track("train", given.run, params.model_dump(), {"run": given.run}) as recorder:
            yield {**options, "recorder": recorder}
