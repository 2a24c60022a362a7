"""The switches of the protocol (docs/method.md, 2) as options of a command line; several commands take the same."""

import argparse
from functools import partial
from pathlib import Path
from typing import get_args

from relclip.core import command
from relclip.core.params.evaluate import COUNTING, MOST_SAMPLES, Evaluate

NAMES = (*COUNTING, "bootstrap", "seed")


def add_switches(parser: argparse.ArgumentParser) -> None:
    """Add one option for each item of the protocol, the split and the triplets seen in train."""
    default, add = Evaluate(), parser.add_argument
    flag = partial(add, type=command.true_or_false, metavar="true|false")
    flag("--dedup", default=default.dedup, help="count a repeated ground truth once")
    add(
        "--empty-predictions",
        choices=_allowed("empty_predictions"),
        default=default.empty_predictions,
        help="an image without prediction counts as 0, or is left out",
    )
    flag("--pixel-inclusive", default=default.pixel_inclusive, help="IoU with x2 - x1 + 1")
    add("--recall", choices=_allowed("recall"), default=default.recall, help="mean of images, or pooled")
    flag("--require-overlap", default=default.require_overlap, help="drop predictions of boxes apart")
    add(
        "--ties",
        choices=_allowed("ties"),
        default=default.ties,
        help="equal scores are ordered by a seeded hash, or by predicate, subject and object id, the lowest first, as a"
        " peer's argmax does",
    )
    add("--split", help="judge the images of this split only")
    add("--train-triplets", type=Path, help="Parquet of triplets seen in train, for zero-shot recall")
    add(
        "--bootstrap",
        type=command.whole(0, MOST_SAMPLES),
        default=default.bootstrap,
        help="samples of the 95 %% intervals",
    )
    add("--seed", type=command.seed, default=default.seed, help="seed of the ties and of the bootstrap")


def _allowed(switch: str) -> tuple[str, ...]:
    return get_args(Evaluate.model_fields[switch].annotation)


def switches_of(options: argparse.Namespace) -> Evaluate:
    """The switches as they were given."""
    return Evaluate(**{name: getattr(options, name) for name in NAMES})
