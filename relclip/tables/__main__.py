"""Command line of the stage: python -m relclip.tables."""

from pathlib import Path

from relclip.core import command
from relclip.core.params.whole import load_params
from relclip.tables.gather import Inputs
from relclip.tables.stage import make_report
from relclip.tables.tracked import entries
from relclip.tracking.publish import publish

OPTIONAL = {
    "predict": "output folder of the stage predict: examples of predictions (figure 5)",
    "gradcam": "output folder of the stage gradcam: where the models look (figure 2)",
    "claims": "claims.json of relclip.evaluate.claims",
    "clip": "the encoder's folder: the page warns where it was never trained",
    "ext": "the ext stage's folder: how well CLIP chooses, on validation",
    "detector": "the detector stage's folder: how well it finds things",
    "people": "folder of relclip annotate --export: table 2 by people",
    "benchmarks": "folder of Snakemake's benchmark files, for the time of each rule",
}


def main() -> None:
    """Parse and make the report."""
    parser = command.parser(
        "relclip.tables", "Tables beside the paper's, claims, figures and one page to read."
    )
    command.add_params(parser)
    for name in ("dataset", "raw", "kb", "train", "evaluate"):
        parser.add_argument(f"--{name}", type=Path, required=True, help=f"output folder of the stage {name}")
    for name, help_text in OPTIONAL.items():
        parser.add_argument(f"--{name}", type=Path, help=help_text)
    parser.add_argument(
        "--output", type=Path, required=True, help="folder for tables, figures and index.html"
    )
    options = vars(parser.parse_args())
    output = options.pop("output")
    inputs = Inputs(**options)
    make_report(inputs, output)
    publish(entries(load_params(inputs.params), inputs.train, inputs.predict, output))
    print(output / "index.html")


if __name__ == "__main__":
    command.run(main)
