"""python -m relclip.train: train one entry of `runs`."""

from relclip.core import command
from relclip.core.errors import ParamsError
from relclip.core.params.reading import load_sections
from relclip.core.params.train import Refined, Trainings
from relclip.train import arguments
from relclip.train.stage import train_run


def main() -> None:
    """Parse the command line and train."""
    parser = arguments.parser(
        "relclip.train",
        "Train one entry of `runs`; a killed run goes on where it stood. On N GPUs: torchrun "
        "--nproc-per-node N -m -- relclip.train ...",
        "runs",
    )
    given = command.parse(parser)
    params = load_sections(given.params, Trainings).run(given.run)
    if isinstance(params, Refined):
        raise ParamsError(
            f"'{given.run}' is an entry of refined, not of runs; refine it: python -m relclip.train.refine"
        )
    with arguments.trained(given, params) as options:
        places = {"checkpoints": given.checkpoints, "output": given.output}
        train_run(given.run, params, arguments.inputs(given, params), **places, **options)


if __name__ == "__main__":
    command.run(main)
