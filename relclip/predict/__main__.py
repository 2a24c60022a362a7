"""python -m relclip.predict: PredCls and SGCls of a trained run."""

from relclip.core import command
from relclip.core.params.predict import Predictions
from relclip.core.params.reading import load_sections
from relclip.predict.arguments import add_inputs, read_inputs
from relclip.predict.request import Request


def main() -> None:
    """Parse the command line and run the stage."""
    parser = command.parser("relclip.predict", "Predict the triplets of val and test with a trained run.")
    add_inputs(parser, "predict/<run>")
    given = command.parse(parser)
    params = load_sections(given.params, Predictions)
    request = Request.of(params, given.run)
    inputs = read_inputs(given, request, params)
    from relclip.predict.stage import predict_run  # noqa: PLC0415  # torch loads once the arguments are good

    predict_run(request, inputs, given.output, given.threads)


if __name__ == "__main__":
    command.run(main)
