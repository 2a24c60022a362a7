"""The switches of the protocol (docs/method.md, 2) as options of a command line; several commands take the same."""

import argparse
from collections.abc import Callable
from typing import Any, get_args

from relclip.core import command
from relclip.core.params.evaluate import COUNTING, MOST_SAMPLES, Evaluate

#: Switch -> what reads its value, where that is neither true or false nor one of a few words.
_NUMBERS: dict[str, Callable[[str], int]] = {
    "bootstrap": command.whole(0, MOST_SAMPLES),
    "seed": command.seed,
}


def add_switches(parser: argparse.ArgumentParser) -> None:
    """Add one option for each item of the protocol, the split and the triplets seen in train."""
    add = parser.add_argument
    for name in (*COUNTING, *_NUMBERS):
        field = Evaluate.model_fields[name]
        given: dict[str, Any] = {"choices": get_args(field.annotation)}
        if name in _NUMBERS:
            given = {"type": _NUMBERS[name]}
        elif field.annotation is bool:
            given = {"type": command.true_or_false, "metavar": "true|false"}
        add(f"--{name.replace('_', '-')}", default=field.default, help=field.description, **given)
    add("--split", metavar="NAME", help="judge the images of this split only (default: all)")
    command.add_path(
        parser, "--train-triplets", "FILE", "Parquet of train's triplets, for zero-shot, head, body, tail"
    )


def switches_of(options: argparse.Namespace) -> Evaluate:
    """The switches as they were given."""
    return Evaluate(**{name: getattr(options, name) for name in (*COUNTING, *_NUMBERS)})
