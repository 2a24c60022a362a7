"""python -m relclip.predict: PredCls and SGCls of trained runs."""

from relclip.core import command
from relclip.core.params.predict import Predictions
from relclip.core.params.reading import load_sections
from relclip.predict.request import Request, add_inputs, read_inputs


def main() -> None:
    """Parse the command line and run the stage."""
    parser = command.parser(
        "relclip.predict",
        "Predict PredCls and SGCls triplets of val and test with trained runs, each into data/predict/<run>.",
    )
    add_inputs(parser, "predict/<run>")
    runs = command.parse_runs(parser)
    params = load_sections(runs[0].params, Predictions)
    requests = [Request.of(params, options.run) for options in runs]
    from relclip.predict.stage import predict_run  # noqa: PLC0415  # torch loads once the arguments are good

    for options, request in zip(runs, requests, strict=True):
        predict_run(request, read_inputs(options, request, params), options.output, options.threads)


if __name__ == "__main__":
    command.run(main)
