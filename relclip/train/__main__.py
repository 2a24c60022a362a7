"""python -m relclip.train: train one entry of `runs`."""

from pathlib import Path

from relclip.core import command
from relclip.core.params import load_params
from relclip.core.tracking import track
from relclip.train.stage import Inputs, train_run


def main() -> None:
    """Parse the command line and train."""
    parser = command.parser(
        "relclip.train", "Train one entry of `runs`; a killed run goes on where it stood."
    )
    command.add_params(parser)
    parser.add_argument("--run", required=True, help="the entry of `runs` in params.yaml")
    for name, default in (
        ("dataset", "data/dataset"),
        ("features", "data/features"),
        ("prompts", "data/clip/prompts"),
        ("words", "data/words"),
        ("kb", "data/kb"),
        ("ext", "data/ext"),
        ("checkpoints", "checkpoints"),
    ):
        parser.add_argument(f"--{name}", type=Path, default=Path(default), help=f"folder of {name}")
    parser.add_argument("--output", type=Path, required=True, help="folder to write")
    parser.add_argument("--device", default="auto", help="auto, cpu or cuda")
    parser.add_argument("--threads", type=int, help="threads of the CPU; by default as torch likes")
    given = parser.parse_args()
    params = load_params(given.params).run(given.run)
    inputs = Inputs(given.dataset, given.features, given.prompts, given.words, given.kb, given.ext)
    with track("train", given.run, params.model_dump(), {"run": given.run}) as recorder:
        places = {"checkpoints": given.checkpoints, "output": given.output}
        train_run(
            given.run, params, inputs, **places, recorder=recorder, device=given.device, threads=given.threads
        )


if __name__ == "__main__":
    command.run(main)
