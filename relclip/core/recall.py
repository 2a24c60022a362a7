"""Recall and mean recall as pure functions of named fields, and how a metric is named; train, too, imports this."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
#: Without the prefix one predicate a pair counts (graph constraint), with it all: prefix of a name -> of a label.
LISTS = {"": "", "ng_": "ng-"}
#: The K of a metric where nothing else is said, and that of claims, plots and first lines.
CUTOFFS, MAIN_CUTOFF = (20, 50, 100), 50


@dataclass(frozen=True, kw_only=True)
class Recalls:
    """What metrics are made of: recalls as fractions, NaN where there is no ground truth to count.

    Fields of recalls end in the same axes (*), such as bootstrap samples and K; P: predicates.
    overall, zero_shot (*): of all ground truths, of those whose triplet of classes train lacks.
    by_predicate, zero_shot_by_predicate (P, *): the same, each predicate apart.
    count (P,): ground truths of each predicate. train_count (P,): how often train has it; None: not known.
    """

    overall: Floats
    by_predicate: Floats
    zero_shot: Floats = field(default_factory=lambda: np.empty(0))
    zero_shot_by_predicate: Floats = field(default_factory=lambda: np.empty((0, 0)))
    count: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    train_count: Ints | None = None


@dataclass(frozen=True)
class Metric:
    """One line of a registry: name (`mean_recall`), letters in a table (`mR`), what it is, the function, at which K.

    hits: the column of first hits whose recalls `function` is given, with the prefixes in `lists`; of other columns
    than `rank` it is given `overall` alone. unit: a `share` is shown in percent, a `number` as it is.
    """

    name: str
    letters: str
    meaning: str
    function: Callable[[Recalls], Floats]
    cutoffs: tuple[int, ...] = CUTOFFS
    hits: str = "rank"
    lists: tuple[str, ...] = tuple(LISTS)
    unit: str = "share"
    higher_is_better: bool = True

    def at(self, cutoff: int = MAIN_CUTOFF, listed: str = "") -> str:
        """`recall_at_50`, `ng_recall_at_50`: its name in metrics.json."""
        return f"{listed}{self.name}_at_{cutoff}"

    @property
    def scale(self) -> float:
        """What a value is multiplied by to be shown."""
        return 100.0 if self.unit == "share" else 1.0

    def label(self, cutoff: int = MAIN_CUTOFF, listed: str = "") -> str:
        """`R@50`, `ng-R@50`: what papers write."""
        return f"{LISTS[listed]}{self.letters}@{cutoff}"


def recall(found: Recalls) -> Floats:
    """R@K."""
    return found.overall


def mean_recall(found: Recalls) -> Floats:
    """mR@K: the mean over all predicates; one without ground truth scores 0 (docs/method.md, 2)."""
    return _defined_as(found.overall, np.nan_to_num(found.by_predicate).mean(axis=0))


def _defined_as(overall: Floats, values: Floats) -> Floats:
    """The values, NaN where there is no ground truth at all."""
    return np.where(np.isfinite(overall), values, np.nan)


_ALSO_SHORT = (5, 10, *CUTOFFS)
RECALL = Metric("recall", "R", "share of an image's ground truths that are hit", recall, _ALSO_SHORT)
MEAN_RECALL = Metric(
    "mean_recall", "mR", "mean over all predicates of their recall", mean_recall, _ALSO_SHORT
)
#: What a training watches, claims compare and `dvc metrics` shows, each at MAIN_CUTOFF.
MAIN = (RECALL, MEAN_RECALL)
MAIN_NAMES = tuple(metric.at() for metric in MAIN)
