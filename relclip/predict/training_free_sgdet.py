"""python -m relclip.predict.training_free_sgdet: SGDet of EXT, KB, KB+EXT or KB counts on the detector's boxes."""

from typing import get_args

from relclip.core import command
from relclip.core.params.base import Closed
from relclip.core.params.detector import Detector
from relclip.core.params.predict import Predict, TrainingFree
from relclip.core.params.reading import load_sections
from relclip.predict.training_free import predict_training_free_sgdet


class Sections(Closed):
    """What this stage reads of params.yaml."""

    predict: Predict
    detector: Detector


def main() -> None:
    """Parse the command line and run the stage."""
    parser = command.parser(
        "relclip.predict.training_free_sgdet",
        "Predict SGDet triplets with the knowledge base and CLIP alone, on the detector's boxes.",
    )
    command.add_params(parser)
    parser.add_argument(
        "--method",
        choices=get_args(TrainingFree),
        required=True,
        help="row of the tables (docs/method.md, 4)",
    )
    command.add_folders(parser, "dataset", "kb", ext="ext_sgdet")
    command.add_proposals(parser)
    command.add_output(parser, "predict/<method>/sgdet")
    options = command.parse(parser)
    params = load_sections(options.params, Sections)
    folders = {name: getattr(options, name) for name in ("dataset", "kb", "ext", "proposals", "output")}
    most = params.detector.class_nms
    predict_training_free_sgdet(
        options.method, **folders, keep=params.predict.keep, most=most, min_count=params.predict.kb_min_count
    )


if __name__ == "__main__":
    command.run(main)
