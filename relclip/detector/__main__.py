"""python -m relclip.detector: boxes for SGDet."""

from pathlib import Path

from relclip.core import command
from relclip.core.params import load_params
from relclip.core.tracking import track


def main() -> None:
    """Parse the command line and train, or load, the detector."""
    parser = command.parser(
        "relclip.detector", "Train Faster R-CNN on the objects and propose boxes; a killed run goes on."
    )
    command.add_params(parser)
    for name in ("raw", "dataset"):
        parser.add_argument(f"--{name}", type=Path, default=Path("data") / name, help=f"folder of {name}")
    parser.add_argument("--checkpoints", type=Path, default=Path("checkpoints"), help="folder of checkpoints")
    parser.add_argument("--output", type=Path, required=True, help="folder to write")
    parser.add_argument("--device", default="auto", help="auto, cpu or cuda")
    parser.add_argument("--threads", type=int, help="threads of the CPU; by default as torch likes")
    given = vars(parser.parse_args())
    settings = load_params(given.pop("params")).detector
    from relclip.detector.stage import run  # noqa: PLC0415  # torchvision loads after the arguments are good

    with track("detector", "detector", settings.model_dump()) as recorder:
        run(settings, **given, recorder=recorder)


if __name__ == "__main__":
    command.run(main)
