"""relclip export RUN --output FOLDER: one folder with everything that a photo needs."""

import argparse
import re

from relclip.core import command


def main() -> None:
    """Parse the command line, write the folder, say how large it is."""
    parser = command.parser(
        "relclip.photo.export",
        "Write one folder with everything that a photo needs, for relclip predict --model: relation model, encoder, "
        "detector, vocabulary, model card.",
        "relclip export relclip_kb_ext --output model/",
    )
    parser.add_argument("run", help="a trained run of params.yaml, or an entry of predictions")
    command.add_path(parser, "--output", "FOLDER", "the folder to make", required=True)
    command.add_data(parser)
    command.add_path(parser, "--params", "FILE", "its params.yaml (default: beside --data)")
    parser.add_argument(
        "--without-encoder",
        action="store_true",
        help="leave the encoder's files out; its name and SHA-256 stand for them",
    )
    parser.add_argument(
        "--licence",
        type=_identifier,
        metavar="NAME",
        default="unknown",
        help="the weights' licence, an identifier of the Hub's list, such as mit",
    )
    options = parser.parse_args()
    from relclip.photo.model_folder import size_of, write_export  # noqa: PLC0415  # torch loads once the arguments are good
    from relclip.photo.source import pipeline_source  # noqa: PLC0415

    source = pipeline_source(options.data, options.run, options.params)
    write_export(source, options.output, encoder=not options.without_encoder, licence=options.licence)
    size, model = size_of(options.output) / 1e6, command.typed(options.output)
    print(f"{options.output}: {size:.1f} MB; relclip predict --model {model} photo.jpg")


def _identifier(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9.+-]{0,60}", text.lower()):
        raise argparse.ArgumentTypeError(
            f"'{text}' is no licence identifier, such as apache-2.0 or cc-by-4.0"
        )
    return text.lower()


if __name__ == "__main__":
    command.run(main)
