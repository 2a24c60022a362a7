"""Weights, written as text ("sitting on 3, lying on 2"), and draws by them from a seeded generator.

A draw takes one uniform number: fast, and the same on every machine.
"""

import re
from collections.abc import Mapping, Sequence
from typing import TypeVar

import numpy as np

Option = TypeVar("Option")
Weights = dict[str, float]

ENTRY = re.compile(r"(?P<name>[a-z ]+?) (?P<weight>[0-9.]+)")
ROW = re.compile(r"(?P<name>[a-z ]+):(?P<weights>[^:]*)(?=\n\s*[a-z ]+:|\s*\Z)")


def pick(rng: np.random.Generator, options: Mapping[Option, float]) -> Option:
    """Draw one key with probability proportional to its weight (at least one weight above 0)."""
    left = rng.random() * sum(options.values())
    last = None
    for option, weight in options.items():
        if weight <= 0:
            continue
        last = option
        left -= weight
        if left < 0:
            break
    if last is None:
        raise ValueError("no option has a weight above 0")
    return last


def one_of(rng: np.random.Generator, options: Sequence[Option]) -> Option:
    """Draw one item, all equally likely."""
    return options[int(rng.random() * len(options))]


def between(rng: np.random.Generator, low: float, high: float) -> float:
    """Draw a number from low to high."""
    return low + (high - low) * float(rng.random())


def happens(rng: np.random.Generator, probability: float) -> bool:
    """Draw true with that probability."""
    return bool(rng.random() < probability)


def weights(text: str) -> Weights:
    """Read "name weight, name weight"; line breaks count as spaces. A malformed entry is a ValueError."""
    found = {}
    for entry in " ".join(text.split()).split(", "):
        match = ENTRY.fullmatch(entry.rstrip(","))
        if match is None:
            raise ValueError(f"'{entry}' is not a name and a weight")
        found[match["name"]] = float(match["weight"])
    return found


def table(text: str) -> dict[str, Weights]:
    """Read rows "name: weights"; a row may go on over further lines."""
    return {match["name"].strip(): weights(match["weights"]) for match in ROW.finditer(text)}
