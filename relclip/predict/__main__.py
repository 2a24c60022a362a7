"""python -m relclip.predict: PredCls and SGCls of trained runs."""

from relclip.core import command
from relclip.core.params.predict import Predictions
from relclip.predict.request import add_inputs, read_requests


def main() -> None:
    """Parse the command line and run the stage."""
    parser = command.parser(
        "relclip.predict",
        "Predict PredCls and SGCls triplets of val and test with trained runs, each into data/predict/<run>.",
    )
    add_inputs(parser, "predict/<run>")
    _, requests = read_requests(parser, Predictions)
    from relclip.predict.stage import predict_run  # noqa: PLC0415  # torch loads once the arguments are good

    for options, request, inputs in requests:
        predict_run(request, inputs, options.output, options.threads)


if __name__ == "__main__":
    command.run(main)
