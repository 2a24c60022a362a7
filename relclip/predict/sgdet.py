"""python -m relclip.predict.sgdet: SGDet of trained runs on the detector's boxes, test images."""

from relclip.core import command
from relclip.core.params.detector import Detector
from relclip.core.params.predict import Predictions
from relclip.core.params.reading import load_sections
from relclip.predict.request import Request, add_inputs, read_inputs


class Sections(Predictions):
    """What this stage reads of params.yaml."""

    detector: Detector


def main() -> None:
    """Parse the command line and run the stage."""
    parser = command.parser(
        "relclip.predict.sgdet", "Predict SGDet triplets of test, on the detector's boxes, with trained runs."
    )
    add_inputs(parser, "predict/<run>/sgdet")
    command.add_proposals(parser)
    runs = command.parse_runs(parser)
    params = load_sections(runs[0].params, Sections)
    requests = [Request.of(params, options.run) for options in runs]
    most = params.detector.class_nms
    from relclip.predict.sgdet_stage import predict_sgdet  # noqa: PLC0415  # torch loads once the arguments are good

    for options, request in zip(runs, requests, strict=True):
        inputs = read_inputs(options, request, params)
        predict_sgdet(
            request, inputs, options.proposals, options.output, class_iou=most, threads=options.threads
        )


if __name__ == "__main__":
    command.run(main)
