"""python -m relclip.gradcam: heat maps of CLIP and of one trained run."""

from pathlib import Path

from relclip.core import command
from relclip.core.params import load_params


def main() -> None:
    """Parse the command line and run the stage."""
    arguments = command.parser("relclip.gradcam", "Make heat maps of where CLIP and a trained run look.")
    command.add_params(arguments)
    arguments.add_argument("--run", required=True, help="an entry of `runs` or `refined` in params.yaml")
    folders = {"raw": "raw", "dataset": "dataset", "features": "features/clip", "model": "clip/model"}
    for name, what in {**folders, "train": "train/RUN"}.items():
        arguments.add_argument(f"--{name}", type=Path, required=True, help=f"the folder {what}")
    arguments.add_argument("--output", type=Path, required=True, help="the folder to make")
    arguments.add_argument("--threads", type=int, help="CPU threads (default: all this process may use)")
    given = arguments.parse_args()
    params = load_params(given.params)
    from relclip.gradcam.stage import Inputs, run  # noqa: PLC0415  # torch loads only once the arguments are good

    inputs = Inputs(given.raw, given.dataset, given.features, given.model, given.train)
    run(params, given.run, inputs, given.output, given.threads)


if __name__ == "__main__":
    command.run(main)
