"""Where values stand in a sorted array."""

import numpy as np
from numpy.typing import NDArray


def row_keys(*columns: NDArray) -> NDArray[np.void]:
    """One sortable value (N,) for each row of whole-numbered columns (N,), the first of which orders first."""
    return np.rec.fromarrays([np.asarray(column, np.int64) for column in columns])


def positions(known: NDArray, wanted: NDArray) -> NDArray[np.int64]:
    """Where each of `wanted` stands in the ascending `known`, (M,), or -1. A run of equal values is looked up once."""
    if not len(known) or not len(wanted):
        return np.full(len(wanted), -1)
    starts = np.flatnonzero(np.append(True, wanted[1:] != wanted[:-1]))
    values = wanted[starts]
    place = np.searchsorted(known, values)
    place[place == len(known)] = 0
    place = np.where(known[place] == values, place, -1)
    return np.repeat(place, np.diff(starts, append=len(wanted)))
