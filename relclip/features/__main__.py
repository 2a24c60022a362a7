"""python -m relclip.features: frozen patch maps of all images."""

from relclip.core import command
from relclip.core.params.features import Features
from relclip.core.params.reading import load_section
from relclip.core.shard import Shard


def main() -> None:
    """Parse the command line and run the stage."""
    arguments = command.parser("relclip.features", "Compute CLIP's patch maps of all images, once.")
    command.add_params(arguments)
    command.add_folders(arguments, "raw", "dataset", model="clip/model")
    command.add_output(arguments, "features/clip")
    command.add_threads(arguments)
    arguments.add_argument(
        "--shard", type=Shard.parse, help="k/n: this share of the pictures, for relclip.features.merge"
    )
    options = vars(arguments.parse_args())
    params = load_section(options.pop("params"), "features", Features)
    from relclip.features.stage import run  # noqa: PLC0415  # torch loads only after the arguments are known to be good

    run(params, **options)


if __name__ == "__main__":
    command.run(main)
