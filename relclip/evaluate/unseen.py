"""mR of the predicates that trainings saw and of those held out, apart: python -m relclip.evaluate.unseen.

In:  data/evaluate of the preset open_vocabulary, data/dataset. Out: docs/open_vocabulary.csv and, made of it, the page,
whose sections after the table stay.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass, fields, replace
from pathlib import Path

import numpy as np
import pyarrow as pa

from relclip.core import command
from relclip.core.annotations import Annotations, load_annotations
from relclip.core.atomic import write_text
from relclip.core.bootstrap import bootstrap_weights, interval, weighted_sums
from relclip.core.boxes import intersection, overlapping_pairs
from relclip.core.errors import InputError
from relclip.core.page import as_csv, escape_markdown, markdown_rows
from relclip.core.params.evaluate import Evaluate, Reading
from relclip.core.params.predict import Predictions
from relclip.core.params.whole import Params, load_workflow
from relclip.core.recall import MAIN_CUTOFF
from relclip.evaluate.checks import Floats, Ints
from relclip.evaluate.hits import read_hits
from relclip.evaluate.inputs import column
from relclip.evaluate.metrics import summed

GROUPS = ("seen", "unseen", "harmonic mean")
HITS = Path("predcls", "annotation_hits.parquet")
CHANCE = "chance (expected)"


@dataclass(frozen=True)
class Truths:
    """The ground truths that count, (n,) each: ids, and whether each is hit, 0 or 1, or the chance of it."""

    image: Ints  # ascending
    subject: Ints
    object: Ints
    predicate: Ints  # ids from 1
    hit: Floats


@dataclass(frozen=True)
class Line:
    """One number of the table, as fractions."""

    row: str
    predicates: str  # seen, unseen, harmonic mean, or the name of one that was held out
    value: float
    low: float
    high: float
    seeds: int


def recalls(truths: Truths, weights: Floats, predicates: int, reading: Reading) -> Floats:
    """Recall of each predicate under image weights (B, I), (B, P); 0 without ground truth (docs/method.md, 2)."""
    ids, image = np.unique(truths.image, return_inverse=True)
    each = (truths.predicate == number for number in range(1, predicates + 1))
    sums = [summed(len(ids), image[one], truths.hit[one, None], reading) for one in each]
    found, groundtruth = (weighted_sums(weights, side) for side in np.stack(sums, axis=2).swapaxes(0, 1))
    return np.divide(found, groundtruth, out=np.zeros_like(found), where=groundtruth > 0)


def lines(
    row: str, seeds: Sequence[Truths], held_out: dict[str, int], predicates: int, params: Evaluate
) -> Iterator[Line]:
    """The lines of one row: means over its seeds, 95 % intervals by a bootstrap of the images, drawn alike for all."""
    images = len(np.unique(seeds[0].image))
    drawn = np.concatenate([np.ones((1, images)), *bootstrap_weights(images, params.bootstrap, params.seed)])
    found = np.mean([recalls(one, drawn, predicates, params.recall) for one in seeds], axis=0)
    unseen = np.isin(np.arange(1, predicates + 1), list(held_out.values()))
    seen_mean, unseen_mean = found[:, ~unseen].mean(axis=1), found[:, unseen].mean(axis=1)
    values = [seen_mean, unseen_mean, harmonic(seen_mean, unseen_mean)]
    values += [found[:, number - 1] for number in held_out.values()]
    for name, sampled in zip([*GROUPS, *held_out], values, strict=True):
        low, high = interval(sampled[1:]) or (float("nan"), float("nan"))
        yield Line(row=row, predicates=name, value=float(sampled[0]), low=low, high=high, seeds=len(seeds))


def harmonic(first: Floats, second: Floats) -> Floats:
    """2 a b / (a + b); 0 where both are 0."""
    total = first + second
    return 2 * first * second / np.where(total > 0, total, 1.0)


def chance(truths: Truths, known: Annotations) -> Truths:
    """The same ground truths, hit with the chance that guessing gives at MAIN_CUTOFF.

    A guess ranks the n overlapping pairs of an image at random and gives each one of the R predicates: (1 / R) min(1,
    K / n) for a pair that overlaps, else 0.
    """
    size = len(known.vocabulary.predicates)
    hit = np.zeros(len(truths.image))
    for place, image in enumerate(known.image_id.tolist()):
        rows = known.rows(place)
        own = np.flatnonzero(truths.image == image)
        if not len(own):
            continue
        boxes, ids = known.boxes[rows], known.object_id[rows]
        subject, object_ = (boxes[np.searchsorted(ids, end[own])] for end in (truths.subject, truths.object))
        overlap = intersection(subject, object_) > 0
        hit[own] = overlap * min(1.0, MAIN_CUTOFF / max(len(overlapping_pairs(boxes)), 1)) / size
    return replace(truths, hit=hit)


def table(params: Params, dataset: Path, evaluated: Path) -> list[Line]:
    """All lines: chance, then each row of the tables whose runs were judged and saw all but the held-out predicates."""
    known = load_annotations(dataset)
    names, held_out = known.vocabulary.predicate_ids, held_out_of(params)
    ids = {name: names[name] for name in held_out if name in names}
    made: list[Line] = []
    for row in params.report.rows(*params.report.tables):
        runs = [evaluated / run / HITS for run in row.runs]
        if not runs or not all(path.is_file() for path in runs):
            continue
        seeds = [_truths(read_hits(path)) for path in runs]
        if not made:
            made += lines(CHANCE, [chance(seeds[0], known)], ids, len(names), params.evaluate)
        made += lines(row.name, seeds, ids, len(names), params.evaluate)
    if not made:
        raise InputError(f"{evaluated} holds no judged run of a table row; run `snakemake --cores all` first")
    return made


def held_out_of(params: Predictions) -> list[str]:
    """What all trainings held out. Raises InputError where that is nothing, or not the same for all."""
    found = {tuple(params.run(name).held_out) for name in params.runs}
    if len(found) != 1 or not next(iter(found)):
        raise InputError(
            "the trainings of params.yaml hold out no predicates, or not the same; run `make preset "
            "NAME=open_vocabulary`, or set train.held_out"
        )
    return list(next(iter(found)))


def _truths(table: pa.Table) -> Truths:
    table = table.sort_by("image_id")
    rank = column(table, "rank")
    image, subject, object_, predicate = (
        column(table, name) for name in ("image_id", "subject_id", "object_id", "predicate_id")
    )
    hit = ((rank >= 0) & (rank < MAIN_CUTOFF)).astype(np.float64)
    return Truths(image, subject, object_, predicate, hit)


def table_csv(made: Sequence[Line]) -> str:
    """A line a number, fractions with four decimals."""
    return as_csv([[field.name for field in fields(Line)], *map(astuple, made)])


def page(text: str, old: str = "") -> str:
    """The page in Markdown, from the CSV; then the sections of the page as it was."""
    rows: dict[str, dict[str, dict[str, str]]] = {}
    for line in csv.DictReader(io.StringIO(text)):
        rows.setdefault(line["row"], {})[line["predicates"]] = line
    names = list(next(iter(rows.values())))
    head = ["row", "seeds", *(name if name in GROUPS else f"*{name}*" for name in names)]
    body = [
        [escape_markdown(row), next(iter(cells.values()))["seeds"], *(_cell(cells[name]) for name in names)]
        for row, cells in rows.items()
    ]
    _, heading, sections = old.partition("\n## ")
    return "\n".join([HEADER, "", *markdown_rows(head, body), ""]) + heading + sections


def _cell(line: dict[str, str]) -> str:
    value, low, high = (100 * float(line[name]) for name in ("value", "low", "high"))
    return f"{value:.1f} [{low:.1f}, {high:.1f}]"


HEADER = f"""# Predicates that no training saw

For whoever asks whether RelCLIP finds a predicate by its words alone. The labels of the predicates in italics were held
out of the trainings ([method](method.md), D38); matching scores images against words (D37). The encoder knows all the
words: it was pre-trained with them. PredCls, graph constraint: mR@{MAIN_CUTOFF} in percent of the predicates seen, of
those unseen, the harmonic mean of both, and the recall of each unseen predicate. 95 % intervals by a bootstrap of the
test images, of the mean over seeds. All numbers: [open_vocabulary.csv](open_vocabulary.csv). Made by
`make preset NAME=open_vocabulary && make tables && make open-vocabulary`."""


def main() -> None:
    """Parse, judge, write."""
    parser = command.parser(
        "relclip.evaluate.unseen",
        "Judge the seen and the held-out predicates apart, and write mR of both and their harmonic mean as a page and "
        "a CSV.",
    )
    command.add_params(parser)
    command.add_folders(parser, "dataset", "evaluate")
    command.add_path(
        parser,
        "--output",
        "FILE",
        "the page to make; a CSV of the same name lies beside it",
        default=Path("docs/open_vocabulary.md"),
    )
    options = parser.parse_args()
    made = table_csv(table(load_workflow(options.params), options.dataset, options.evaluate))
    write_text(options.output.with_suffix(".csv"), made)
    old = options.output.read_text("utf-8") if options.output.is_file() else ""
    write_text(options.output, page(made, old))


if __name__ == "__main__":
    command.run(main)
