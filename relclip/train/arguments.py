"""What the commands of this package take on the command line."""

import argparse
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import fields
from typing import Any

from relclip.core import command
from relclip.core.params.reading import load_sections
from relclip.core.params.train import Train, Trainings
from relclip.tracking.recorder import Silent
from relclip.tracking.runs import track
from relclip.train.inputs import Inputs


def parser(module: str, description: str, section: str) -> argparse.ArgumentParser:
    """Return a parser of the options that every training has; `section` of params.yaml holds the run."""
    arguments = command.parser(module, description)
    command.add_params(arguments)
    command.add_runs(arguments, f"`{section}`")
    for name, usual in vars(Inputs()).items():
        made = f"what the stage {usual.parts[1]} made (default: {usual})"
        command.add_path(arguments, f"--{name}", "FOLDER", made)
    command.add_checkpoints(arguments)
    command.add_output(arguments, "train/<run>")
    command.add_device(arguments)
    command.add_threads(arguments)
    return arguments


def inputs(options: argparse.Namespace, params: Train) -> Inputs:
    """Return the folders that the command line names, or where they usually are."""
    return Inputs.of(params, {field.name: getattr(options, field.name) for field in fields(Inputs)})


def entries(parser: argparse.ArgumentParser) -> list[tuple[argparse.Namespace, Train]]:
    """Parse the command line; return the options of each training that it names, with its entry of params.yaml."""
    runs = command.parse_runs(parser)
    params = load_sections(runs[0].params, Trainings)
    return [(options, params.run(options.run)) for options in runs]


def train_each(
    trainings: Sequence[tuple[argparse.Namespace, Any]],
    train: Callable[[argparse.Namespace, Any, dict[str, Any]], object],
) -> None:
    """Call `train` for one after another with its options, its entry, and what every training takes.

    That is its recorder, device and threads, and its place among torchrun's processes, the first of which alone is
    tracked.
    """
    from relclip.compute.halving import told_in_a_sentence  # noqa: PLC0415
    from relclip.compute.world import joined  # noqa: PLC0415

    advice = "lower train.images_per_batch, or use a device with more memory"
    shared = trainings[0][0]
    with joined(shared.device) as (world, device), told_in_a_sentence(advice):
        for options, params in trainings:
            about = "train", options.run, params.model_dump(), {"run": options.run}
            with track(*about) if world.first else nullcontext(Silent()) as recorder:
                process = {"device": device, "threads": shared.threads, "world": world, "recorder": recorder}
                train(options, params, process)
