"""python -m relclip.study: docs/study.md with its tables and figures, from what is trained and judged so far."""

import argparse
import hashlib
import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from safetensors.numpy import load_file

from relclip.core import command
from relclip.core.atomic import write_text
from relclip.core.page import as_csv
from relclip.core.params.whole import load_workflow
from relclip.core.parquet import IMAGES, read_table
from relclip.core.recall import MAIN
from relclip.core.vocabulary import load_vocabulary
from relclip.study.gather import Finding, Row, findings, rows
from relclip.study.page import page
from relclip.tables.figures.forest import Compared, Interval, forest_figure
from relclip.tables.figures.learning_curves import Trained, curves_figure
from relclip.tables.figures.style import LIGHT, saved
from relclip.tables.sources import read_curve

CLAIMS = [
    *("group", "claim", "task", "metric", "seeds", "difference", "error", "low", "high"),
    *("p", "holm", "detectable", "error_mixed_model", "verdict"),
]


def main() -> None:
    """Parse, gather, judge, draw, write."""
    parser = command.parser(
        "relclip.study", "Write the study's page, tables and figures from what is finished so far."
    )
    command.add_params(parser)
    command.add_folders(parser, "dataset", "train", "evaluate")
    command.add_path(
        parser, "--output", "FOLDER", "where study.md and study/ are written", default=Path("docs")
    )
    parser.add_argument(
        "--elsewhere",
        nargs="+",
        default=[],
        metavar="CHANGE=FOLDER",
        type=changed,
        help="further project folders with rows of the same names, by what was changed for them",
    )
    parser.add_argument(
        "--note", metavar="TEXT", default="", help="a sentence for the page on how these trainings were made"
    )
    options = command.parse(parser)
    params = load_workflow(options.params)
    predicates = len(load_vocabulary(options.dataset / "vocabulary.json").predicates)
    elsewhere = {change: folder / "data/evaluate" for change, folder in options.elsewhere}
    found = findings(params.report.claims, options.evaluate, predicates, params.evaluate, elsewhere)
    there = rows(params.trained, options.evaluate, options.train)
    folder = options.output / "study"
    folder.mkdir(parents=True, exist_ok=True)
    write_text(folder / "claims.csv", as_csv([CLAIMS, *map(claim_cells, found)], ""))
    write_text(folder / "models.csv", as_csv([["run", "network_sha256"], *models(there, options.train)]))
    figures = draw(found, there, options.train, folder)
    splits = read_table(options.dataset / "images.parquet", IMAGES)["split"].to_pylist()
    pictures = splits.count("train"), splits.count("test")
    notes = {"about": params.report.about, "note": options.note}
    write_text(options.output / "study.md", page(there, found, params.train, pictures, figures, **notes))


def changed(text: str) -> tuple[str, Path]:
    """`CHANGE=FOLDER` of the command line."""
    change, _, folder = text.rpartition("=")
    if not change or not Path(folder, "data/evaluate").is_dir():
        raise argparse.ArgumentTypeError(
            f"'{text}' is not CHANGE=FOLDER with a project folder that has data/evaluate"
        )
    return change, Path(folder)


def claim_cells(one: Finding) -> list[object]:
    """A line of claims.csv, fractions unrounded."""
    name = [one.claim.group, one.claim.claim, one.task, one.metric]
    effect, model = one.effect, one.model
    if effect is None:
        return [*name, 0, *[""] * 8, one.verdict]
    return [
        *(*name, len(effect.seeds), effect.difference, effect.error, effect.low, effect.high),
        *(effect.p, one.holm, effect.detectable, model.error if model else "", one.verdict),
    ]


def models(there: Sequence[Row], trained: Path) -> list[tuple[str, str]]:
    """The digest of every finished network: who trains it again on such a machine compares it with this."""
    runs = [run for row in there for run in row.finished]
    return [(run, network_digest(trained / run / "model.safetensors")) for run in runs]


def network_digest(path: Path) -> str:
    """SHA-256 of the weights that predict, by name: not of RCL's projections, which end with the training."""
    weights = load_file(path)
    found = hashlib.sha256()
    for name in sorted(name for name in weights if not name.startswith("contrast.")):
        found.update(
            f"{name} {weights[name].shape} {weights[name].dtype}\n".encode() + weights[name].tobytes()
        )
    return found.hexdigest()


def draw(found: Sequence[Finding], there: Sequence[Row], trained: Path, folder: Path) -> list[str]:
    """Draw the effects, a figure a group, and the learning curves; return the figures' paths relative to the page."""
    drawn = {}
    for group in dict.fromkeys(one.claim.group for one in found):
        claims = compared([one for one in found if one.claim.group == group and one.task == "predcls"])
        if claims:
            name = re.sub(r"\W+", "_", group.lower()) or "effects"
            drawn[name] = partial(forest_figure, metrics=[metric.label() for metric in MAIN], rows=claims)
    curves = [
        Trained(
            row.name,
            number,
            tuple(filter(None, (read_curve(trained / run / "curves.csv") for run in row.finished))),
        )
        for number, row in enumerate(there)
        if row.finished
    ]
    if curves:
        drawn["curves"] = partial(curves_figure, rows=curves)
    for name, figure in drawn.items():
        (folder / f"{name}.svg").write_bytes(saved(figure, LIGHT))
    return [f"study/{name}.svg" for name in drawn]


def compared(found: Sequence[Finding]) -> list[Compared]:
    """The claims of one task with two seeds or more, for a figure: recall, mean recall."""
    by_claim: dict[str, list[Interval]] = {}
    for one in found:
        effect = one.effect
        if effect and len(effect.seeds) > 1:
            by_claim.setdefault(one.claim.claim, []).append(
                Interval(100 * effect.difference, 100 * effect.low, 100 * effect.high)
            )
    return [Compared(claim, tuple(intervals[: len(MAIN)])) for claim, intervals in by_claim.items()]


if __name__ == "__main__":
    command.run(main)
