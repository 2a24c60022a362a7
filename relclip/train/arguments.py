"""What the commands of this package take on the command line."""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any

from relclip.core import command
from relclip.core.params.train import Train
from relclip.core.train_inputs import Inputs
from relclip.tracking.recorder import Silent
from relclip.tracking.runs import track


def parser(module: str, description: str, section: str) -> argparse.ArgumentParser:
    """Return a parser of the options that every training has; `section` of params.yaml holds the run."""
    arguments = command.parser(module, description)
    command.add_params(arguments)
    arguments.add_argument("--run", required=True, help=f"the entry of `{section}` in params.yaml")
    for field in fields(Inputs):
        arguments.add_argument(f"--{field.name}", type=Path, help=f"what is read (default: {field.default})")
    command.add_checkpoints(arguments)
    command.add_output(arguments, "train/<run>")
    command.add_device(arguments)
    command.add_threads(arguments)
    return arguments


def inputs(args: argparse.Namespace, params: Train) -> Inputs:
    """Return the folders that the command line names, or where they usually are."""
    return Inputs.of(params, {field.name: getattr(args, field.name) for field in fields(Inputs)})


@contextmanager
def trained(args: argparse.Namespace, params: Train) -> Iterator[dict[str, Any]]:
    """Yield what every training takes: its recorder, device and threads, and its place among torchrun's processes.

    The first of several processes alone is tracked.
    """
    from relclip.compute.halving import told_in_a_sentence  # noqa: PLC0415
    from relclip.compute.world import joined  # noqa: PLC0415

    advice = "lower train.images_per_batch, or use a device with more memory"
    with joined(args.device) as (world, device), told_in_a_sentence(advice):
        options = {"device": device, "threads": args.threads, "world": world}
        if not world.first:
            yield {**options, "recorder": Silent()}
            return
        with track("train", args.run, params.model_dump(), {"run": args.run}) as recorder:
            yield {**options, "recorder": recorder}
