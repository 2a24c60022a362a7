"""Fleiss' kappa: how far people agree beyond chance (Fleiss 1971, Psychological Bulletin 76(5), 378-382)."""

import numpy as np
from numpy.typing import NDArray


def fleiss_kappa(counts: NDArray[np.int64]) -> tuple[float, float] | None:
    """Return (kappa, share of pairs of people who agree) of counts (N, categories): how many people chose each.

    A subject that fewer than two people rated says nothing and is left out; with as many people everywhere this is
    Fleiss' formula. None where nothing is left; kappa is NaN where all chose one category, as chance agrees too.
    """
    people = counts.sum(axis=1)
    counts, people = counts[people > 1], people[people > 1]
    if not len(counts):
        return None
    agreed = float(np.mean((counts * (counts - 1)).sum(axis=1) / (people * (people - 1))))
    by_chance = float(((counts.sum(axis=0) / people.sum()) ** 2).sum())
    return ((agreed - by_chance) / (1 - by_chance) if by_chance < 1 else float("nan")), agreed
