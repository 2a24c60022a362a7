"""The public command: python -m relclip.evaluate; works on anybody's files in the public contract."""

import argparse
from functools import partial
from pathlib import Path

from relclip.core import command
from relclip.core.atomic import write_json
from relclip.core.params import Evaluate
from relclip.core.parquet import write_table
from relclip.evaluate.hits import HITS, TASKS
from relclip.evaluate.report import evaluate

SWITCHES = ("dedup", "empty_predictions", "pixel_inclusive", "recall", "require_overlap", "bootstrap", "seed")


def main() -> None:
    """Parse, judge, write."""
    options = _options().parse_args()
    switches = Evaluate(**{name: getattr(options, name) for name in SWITCHES})
    where = (options.groundtruth, options.predictions, options.task)
    report = evaluate(*where, switches=switches, split=options.split, train_triplets=options.train_triplets)
    if options.hits:
        write_table(options.hits, report.hits, HITS)
    write_json(options.output, report.content)


def _options() -> argparse.ArgumentParser:
    default = Evaluate()
    parser = command.parser(
        "relclip.evaluate", "Recall of scene graphs; one switch per item of the protocol."
    )
    add = parser.add_argument
    add(
        "--groundtruth",
        type=Path,
        required=True,
        help="folder: vocabulary.json, images, objects, relations.parquet",
    )
    add("--predictions", type=Path, required=True, help="folder: objects.parquet, relations.parquet")
    add("--task", choices=TASKS, required=True, help="predcls takes object scores as 1")
    add("--output", type=Path, required=True, help="metrics.json to write")
    flag = partial(add, type=command.true_or_false, metavar="true|false")
    flag("--dedup", default=default.dedup, help="count a repeated ground truth once")
    add(
        "--empty-predictions", choices=("zero", "skip"), default=default.empty_predictions, help="such images"
    )
    flag("--pixel-inclusive", default=default.pixel_inclusive, help="IoU with x2 - x1 + 1")
    add("--recall", choices=("per_image", "pooled"), default=default.recall, help="mean of images, or pooled")
    flag("--require-overlap", default=default.require_overlap, help="drop predictions of boxes apart")
    add("--split", help="judge the images of this split only")
    add("--train-triplets", type=Path, help="Parquet of triplets seen in train, for zero-shot recall")
    add("--hits", type=Path, help="also write the places of first hits to this Parquet file")
    add("--bootstrap", type=command.count, default=default.bootstrap, help="samples of the 95 %% intervals")
    add("--seed", type=command.seed, default=default.seed, help="seed of the ties and of the bootstrap")
    return parser


if __name__ == "__main__":
    command.run(main)
