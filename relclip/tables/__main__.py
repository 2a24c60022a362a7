"""Command line of the stage: python -m relclip.tables."""

from dataclasses import replace
from pathlib import Path

from relclip.core import command
from relclip.core.params.whole import load_workflow
from relclip.tables.gather import Inputs
from relclip.tables.stage import entries, make_report
from relclip.tracking.publish import publish

#: Without these the report does, and says less.
OPTIONAL = ("predict", "gradcam", "claims", "clip", "ext", "detector")


def main() -> None:
    """Parse and make the report."""
    parser = command.parser(
        "relclip.tables",
        "Write the tables beside the paper's, claims, figures, model cards and one page, index.html, into reports/.",
    )
    command.add_params(parser)
    command.add_folders(
        parser, "dataset", "raw", "kb", "train", "evaluate", "predict", "gradcam", "ext", "detector"
    )
    command.add_folders(parser, clip="clip/model", claims="claims/claims.json")
    command.add_path(
        parser,
        "--people",
        "FOLDER",
        "what people judged (relclip annotate --export), for table 2",
        default=Path("reports/people"),
    )
    command.add_path(
        parser,
        "--benchmarks",
        "FOLDER",
        "Snakemake's benchmark files, for the time of each rule",
        default=Path("logs/benchmarks"),
    )
    command.add_path(
        parser, "--output", "FOLDER", "folder for tables, figures and index.html", default=Path("reports")
    )
    options = vars(parser.parse_args())
    output = options.pop("output")
    options |= {name: None for name in OPTIONAL if not options[name].exists()}
    inputs = Inputs(**options)
    params = load_workflow(inputs.params)
    if not params.raw.captioned:  # what an earlier data set left there is not this one's
        inputs = replace(inputs, kb=None, ext=None)
    make_report(inputs, output)
    publish(entries(params, inputs.train, inputs.predict, output))
    print(output / "index.html")


if __name__ == "__main__":
    command.run(main)
