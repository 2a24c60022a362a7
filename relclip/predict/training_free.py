"""python -m relclip.predict.training_free: predictions of EXT, KB, KB+EXT or KB counts."""

from typing import get_args

from relclip.core import command
from relclip.core.params.predict import Predict
from relclip.core.params.reading import load_section
from relclip.predict.free_stage import predict_training_free
from relclip.predict.scoring import Method


def main() -> None:
    """Parse the command line and run the stage."""
    parser = command.parser(
        "relclip.predict.training_free", "Predict with the knowledge base and CLIP alone."
    )
    command.add_params(parser)
    parser.add_argument("--method", choices=get_args(Method), required=True, help="which row of the tables")
    command.add_folders(parser, "dataset", "kb", "ext")
    command.add_output(parser, "predict/<method>")
    given = command.parse(parser)
    params = load_section(given.params, "predict", Predict)
    folders = {name: getattr(given, name) for name in ("dataset", "kb", "ext", "output")}
    predict_training_free(given.method, **folders, keep=params.keep, min_count=params.kb_min_count)


if __name__ == "__main__":
    command.run(main)
