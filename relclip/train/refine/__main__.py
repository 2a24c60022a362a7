"""python -m relclip.train.refine: refine trained runs, entries of `refined`."""

from argparse import Namespace
from typing import Any

from relclip.core import command
from relclip.core.errors import ParamsError
from relclip.core.params.train import Refined
from relclip.train import arguments


def main() -> None:
    """Parse the command line and refine."""
    parser = arguments.parser(
        "relclip.train.refine",
        "Train entries of `refined` of params.yaml, which go on from a trained run as VisualDS or BA-SGG do, each into "
        "data/train/<run>. A killed training goes on where it stood.",
        "refined",
    )
    command.add_folders(parser, start="train/<first>")
    trainings = arguments.entries(parser)
    for options, params in trainings:
        if not isinstance(params, Refined):
            raise ParamsError(
                f"'{options.run}' is an entry of runs, not of refined; train it: python -m relclip.train"
            )
        command.fill(options, first=params.start)
    from relclip.train.refine.stage import refine_run  # noqa: PLC0415  # torch, after --help

    def refine(options: Namespace, params: Refined, process: dict[str, Any]) -> None:
        places = {"start": options.start, "checkpoints": options.checkpoints, "output": options.output}
        refine_run(options.run, params, inputs=arguments.inputs(options, params), **places, **process)

    arguments.train_each(trainings, refine)


if __name__ == "__main__":
    command.run(main)
