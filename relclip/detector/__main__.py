"""python -m relclip.detector: boxes for SGDet."""

from relclip.core import command
from relclip.core.params.detector import Detector
from relclip.core.params.reading import load_section
from relclip.tracking.runs import track


def main() -> None:
    """Parse the command line and train, or load, the detector."""
    parser = command.parser(
        "relclip.detector",
        "Train Faster R-CNN on the objects of train, and write it and its boxes for SGDet into data/detector. A killed "
        "training goes on where it stood.",
    )
    command.add_params(parser)
    command.add_folders(parser, "raw", "dataset")
    command.add_checkpoints(parser)
    command.add_output(parser, "detector")
    command.add_device(parser)
    command.add_threads(parser)
    parser.add_argument(
        "--readers",
        type=command.count,
        help="threads that read images, without effect on the result (default: as --threads)",
    )
    options = vars(parser.parse_args())
    settings = load_section(options.pop("params"), "detector", Detector)
    from relclip.detector.stage import run  # noqa: PLC0415  # torchvision loads after the arguments are good

    with track("detector", "detector", settings.model_dump()) as recorder:
        run(settings, **options, recorder=recorder)


if __name__ == "__main__":
    command.run(main)
