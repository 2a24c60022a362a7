"""python -m relclip.features: frozen patch maps of all images."""

from relclip.core import command
from relclip.core.params.features import Features
from relclip.core.params.reading import load_section
from relclip.core.shard import add_shard


def main() -> None:
    """Parse the command line and run the stage."""
    parser = command.parser(
        "relclip.features", "Encode each image once and write its patch maps into data/features/clip."
    )
    command.add_params(parser)
    command.add_folders(parser, "raw", "dataset", model="clip/model")
    command.add_output(parser, "features/clip")
    command.add_threads(parser)
    add_shard(parser, "images", "relclip.features.merge")
    options = vars(parser.parse_args())
    params = load_section(options.pop("params"), "features", Features)
    from relclip.features.stage import run  # noqa: PLC0415  # torch loads only after the arguments are known to be good

    run(params, **options)


if __name__ == "__main__":
    command.run(main)
