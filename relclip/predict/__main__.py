"""python -m relclip.predict: predictions of a trained run."""

from pathlib import Path

from relclip.core import command
from relclip.core.params import load_params


def main() -> None:
    """Parse the command line and run the stage."""
    parser = command.parser("relclip.predict", "Predict the triplets of val and test with a trained run.")
    command.add_params(parser)
    parser.add_argument("--run", required=True, help="name of the run, as in params.yaml")
    for name, what in (
        ("model", "data/train/<run>"),
        ("dataset", "data/dataset"),
        ("features", "data/features"),
    ):
        parser.add_argument(f"--{name}", type=Path, required=True, help=f"the folder {what}")
    parser.add_argument(
        "--prompts", type=Path, help="the folder data/clip/prompts (the model carries what it needs)"
    )
    parser.add_argument("--kb", type=Path, help="the folder data/kb, read where predict.kb_mask is true")
    parser.add_argument("--output", type=Path, required=True, help="the folder to make")
    parser.add_argument("--threads", type=int, help="CPU threads (default: torch's choice)")
    given = parser.parse_args()
    params = load_params(given.params).predict
    from relclip.predict.stage import Inputs, predict_run  # noqa: PLC0415  # torch loads once the arguments are good

    inputs = Inputs(given.model, given.dataset, given.features, given.kb)
    predict_run(given.run, inputs, given.output, params, given.threads)


if __name__ == "__main__":
    command.run(main)
