"""python -m relclip.clip: pre-train the small CLIP or load one from elsewhere."""

from pathlib import Path

from relclip.core import command
from relclip.core.params import load_params


def main() -> None:
    """Parse the command line and run the stage."""
    arguments = command.parser(
        "relclip.clip", "Pre-train the small CLIP on raw/pretrain, or load an open_clip model."
    )
    command.add_params(arguments)
    arguments.add_argument("--raw", type=Path, required=True, help="the folder of the raw stage")
    arguments.add_argument("--output", type=Path, required=True, help="the folder to make")
    arguments.add_argument("--threads", type=int, help="CPU threads (default: all this process may use)")
    given = arguments.parse_args()
    params = load_params(given.params)
    from relclip.clip.stage import run  # noqa: PLC0415  # torch loads only after the arguments are known to be good

    run(params, given.raw, given.output, given.threads)


if __name__ == "__main__":
    command.run(main)
