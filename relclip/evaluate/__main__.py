"""The public command: python -m relclip.evaluate; works on anybody's files in the public contract.

`relclip evaluate compare ...` and `relclip evaluate convert ...` are the commands of those names beside it.
"""

import argparse
import importlib
import sys

from relclip.core import command
from relclip.core.atomic import check_file, write_json
from relclip.core.parquet import write_table
from relclip.core.recall import TASKS
from relclip.evaluate.report import evaluate
from relclip.evaluate.switches import add_switches, switches_of
from relclip.evaluate.text import summary

BESIDE = ("compare", "convert")


def main() -> None:
    """Parse, judge, write."""
    if len(sys.argv) > 1 and sys.argv[1] in BESIDE:
        name = sys.argv.pop(1)
        sys.argv[0] = f"{sys.argv[0]} {name}"
        importlib.import_module(f"relclip.evaluate.{name}").main()
        return
    options = _options().parse_args()
    for path in filter(None, (options.output, options.hits)):
        check_file(path)
    where = (options.groundtruth, options.predictions, options.task)
    report = evaluate(
        *where, switches=switches_of(options), split=options.split, train_triplets=options.train_triplets
    )
    if options.hits:
        write_table(options.hits, report.hits, report.hits.schema)
    write_json(options.output, report.content)
    print(summary(report.content), end="")


def _options() -> argparse.ArgumentParser:
    parser = command.parser(
        "relclip.evaluate",
        "Judge anybody's predictions of scene graphs: recalls with 95 % intervals, into a JSON. One switch for each "
        "item on which published evaluators differ (docs/evaluators.md). Also: relclip evaluate compare A B, relclip "
        "evaluate convert.",
        "relclip evaluate --groundtruth data/dataset --predictions data/predict/kb/predcls --task predcls --split test "
        "--output metrics.json",
    )
    add = parser.add_argument
    command.add_path(
        parser,
        "--groundtruth",
        "FOLDER",
        "has vocabulary.json, images.parquet, objects.parquet, relations.parquet (docs/design.md)",
        required=True,
    )
    command.add_path(
        parser, "--predictions", "FOLDER", "has objects.parquet, relations.parquet", required=True
    )
    add("--task", choices=TASKS, required=True, help="predcls takes object scores as 1")
    command.add_path(parser, "--output", "FILE", "the JSON to write", required=True)
    command.add_path(
        parser,
        "--hits",
        "FILE",
        "also write this Parquet file: each ground truth with the place of its first hit, from 0; -1: never hit"
        " (a hit at 50: rank between 0 and 49); docs/evaluators.md has the columns",
    )
    add_switches(parser)
    return parser


if __name__ == "__main__":
    command.run(main)
