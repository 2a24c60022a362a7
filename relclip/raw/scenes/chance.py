"""Draws from a seeded generator by one uniform number each: fast, and the same on every machine."""

from collections.abc import Mapping, Sequence
from typing import TypeVar

import numpy as np

Option = TypeVar("Option")


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
