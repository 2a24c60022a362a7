"""python -m relclip.predict.sgdet: SGDet of trained runs on the detector's boxes, test images."""

from relclip.core import command
from relclip.core.params.detector import Detector
from relclip.core.params.predict import Predictions
from relclip.predict.request import add_inputs, read_requests


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
    params, requests = read_requests(parser, Sections)
    most = params.detector.class_nms
    from relclip.predict.sgdet_stage import predict_sgdet  # noqa: PLC0415  # torch loads once the arguments are good

    for options, request, inputs in requests:
        places = inputs, options.proposals, options.output
        predict_sgdet(request, *places, class_iou=most, threads=options.threads)


if __name__ == "__main__":
    command.run(main)
