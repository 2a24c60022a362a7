"""python -m relclip.train: train one entry of `runs`."""

from relclip.core import command
from relclip.core.errors import ParamsError
from relclip.core.params.reading import load_sections
from relclip.core.params.train import Refined, Trainings
from relclip.train import arguments


def main() -> None:
    """Parse the command line and train."""
    parser = arguments.parser(
        "relclip.train",
        "Train one entry of `runs`; a killed run goes on where it stood. On N GPUs: torchrun "
        "--nproc-per-node N -m -- relclip.train ...",
        "runs",
    )
    args = command.parse(parser)
    from relclip.train.stage import train_run  # noqa: PLC0415  # torch, after --help

    params = load_sections(args.params, Trainings).run(args.run)
    if isinstance(params, Refined):
        raise ParamsError(
            f"'{args.run}' is an entry of refined, not of runs; refine it: python -m relclip.train.refine"
        )
    with arguments.trained(args, params) as options:
        places = {"checkpoints": args.checkpoints, "output": args.output}
        train_run(args.run, params, arguments.inputs(args, params), **places, **options)


if __name__ == "__main__":
    command.run(main)
