"""python -m relclip.train.refine: refine a trained run, one entry of `refined`."""

from relclip.core import command
from relclip.core.errors import ParamsError
from relclip.core.params.reading import load_sections
from relclip.core.params.train import Refined, Trainings
from relclip.train import arguments


def main() -> None:
    """Parse the command line and refine."""
    parser = arguments.parser(
        "relclip.train.refine",
        "Go on from a trained run as VisualDS or BA-SGG do; a killed run goes on where it stood.",
        "refined",
    )
    command.add_folders(parser, start="train/<first>")
    args = command.parse(parser)
    from relclip.train.refine.stage import refine_run  # noqa: PLC0415  # torch, after --help

    params = load_sections(args.params, Trainings).run(args.run)
    if not isinstance(params, Refined):
        raise ParamsError(
            f"'{args.run}' is an entry of runs, not of refined; train it: python -m relclip.train"
        )
    command.fill(args, first=params.start)
    with arguments.trained(args, params) as options:
        places = {"start": args.start, "checkpoints": args.checkpoints, "output": args.output}
        refine_run(args.run, params, inputs=arguments.inputs(args, params), **places, **options)


if __name__ == "__main__":
    command.run(main)
