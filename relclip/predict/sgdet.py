"""python -m relclip.predict.sgdet: SGDet of a trained run on the detector's boxes, test images."""

from relclip.core import command
from relclip.core.params.detector import Detector
from relclip.core.params.predict import Predictions
from relclip.core.params.reading import load_sections
from relclip.predict.arguments import add_inputs, read_inputs
from relclip.predict.request import Request


class Sections(Predictions):
    """What this stage reads of params.yaml."""

    detector: Detector


def main() -> None:
    """Parse the command line and run the stage."""
    parser = command.parser("relclip.predict.sgdet", "Predict the triplets of test on the detector's boxes.")
    add_inputs(parser, "predict/<run>/sgdet")
    command.add_proposals(parser)
    given = command.parse(parser)
    params = load_sections(given.params, Sections)
    request, most = Request.of(params, given.run), params.detector.class_nms
    inputs = read_inputs(given, request, params)
    from relclip.predict.sgdet_stage import predict_sgdet  # noqa: PLC0415  # torch loads once the arguments are good

    predict_sgdet(request, inputs, given.proposals, given.output, class_iou=most, threads=given.threads)


if __name__ == "__main__":
    command.run(main)
