"""Command line of the stage: python -m relclip.tables."""

from pathlib import Path

from relclip.core import command
from relclip.tables.stage import Inputs, make_report


def main() -> None:
    """Parse and make the report."""
    parser = command.parser(
        "relclip.tables", "Tables beside the paper's, claims, figures and one page to read."
    )
    command.add_params(parser)
    for name in ("dataset", "raw", "kb", "train", "evaluate"):
        parser.add_argument(f"--{name}", type=Path, required=True, help=f"output folder of the stage {name}")
    parser.add_argument("--claims", type=Path, help="claims.json of relclip.evaluate.claims")
    parser.add_argument(
        "--clip", type=Path, help="the encoder's folder: the page warns where it was never trained"
    )
    parser.add_argument(
        "--ext", type=Path, help="the ext stage's folder: how well CLIP chooses, on validation"
    )
    parser.add_argument(
        "--benchmarks", type=Path, help="folder of Snakemake's benchmark files, for the time of each rule"
    )
    parser.add_argument(
        "--output", type=Path, required=True, help="folder for tables, figures and index.html"
    )
    options = vars(parser.parse_args())
    output = options.pop("output")
    make_report(Inputs(**options), output)
    print(output / "index.html")


if __name__ == "__main__":
    command.run(main)
