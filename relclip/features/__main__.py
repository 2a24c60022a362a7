"""python -m relclip.features: frozen patch maps of all images."""

from pathlib import Path

from relclip.core import command
from relclip.core.params import load_params


def main() -> None:
    """Parse the command line and run the stage."""
    arguments = command.parser("relclip.features", "Compute CLIP's patch maps of all images, once.")
    command.add_params(arguments)
    for name, what in (("raw", "raw"), ("dataset", "dataset"), ("model", "clip/model")):
        arguments.add_argument(f"--{name}", type=Path, required=True, help=f"the folder {what}")
    arguments.add_argument("--output", type=Path, required=True, help="the folder to make")
    arguments.add_argument("--threads", type=int, help="CPU threads (default: all this process may use)")
    given = arguments.parse_args()
    params = load_params(given.params)
    from relclip.features.stage import run  # noqa: PLC0415  # torch loads only after the arguments are known to be good

    run(
        params.features,
        raw=given.raw,
        dataset=given.dataset,
        model=given.model,
        output=given.output,
        threads=given.threads,
    )


if __name__ == "__main__":
    command.run(main)
