"""python -m relclip.train: train entries of `runs`."""

from argparse import Namespace
from typing import Any

from relclip.core import command
from relclip.core.errors import ParamsError
from relclip.core.params.train import Refined, Train
from relclip.train import arguments


def main() -> None:
    """Parse the command line and train."""
    parser = arguments.parser(
        "relclip.train",
        "Train entries of `runs` of params.yaml, each into data/train/<run>. A killed training goes on where it stood. "
        "On N GPUs: torchrun --nproc-per-node N -m -- relclip.train ...",
        "runs",
    )
    trainings = arguments.entries(parser)
    for options, params in trainings:
        if isinstance(params, Refined):
            raise ParamsError(
                f"'{options.run}' is an entry of refined, not of runs; refine it: python -m relclip.train.refine"
            )
    from relclip.train.stage import train_run  # noqa: PLC0415  # torch, after --help

    def train(options: Namespace, params: Train, process: dict[str, Any]) -> None:
        places = {"checkpoints": options.checkpoints, "output": options.output}
        train_run(options.run, params, arguments.inputs(options, params), **places, **process)

    arguments.train_each(trainings, train)


if __name__ == "__main__":
    command.run(main)
