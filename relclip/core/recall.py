"""Recall and mean recall as pure functions of named fields, how a metric is named, which triplets can count."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.floating]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
#: With boxes and classes given, with boxes given, from the picture alone.
Task = Literal["predcls", "sgcls", "sgdet"]
TASKS: tuple[Task, ...] = get_args(Task)
#: What predictions are judged by: what people annotated; where it is known, every true relation.
JUDGED_ON = ("annotation", "truth")
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
    than `rank` it is given `overall` alone. Without cutoffs it is a number of all lists of an `open_images.Listed`, or
    of `box_precision.LabelledBoxes`, has no interval and no place in `compare`.
    Each is a share, shown in percent, and better where it is higher.
    """

    name: str
    letters: str
    meaning: str
    function: Callable[..., Any]
    cutoffs: tuple[int, ...] = CUTOFFS
    hits: str = "rank"
    lists: tuple[str, ...] = tuple(LISTS)

    def at(self, cutoff: int = MAIN_CUTOFF, listed: str = "") -> str:
        """`recall_at_50`, `ng_recall_at_50`: its name in metrics.json."""
        return f"{listed}{self.name}" + (f"_at_{cutoff}" if self.cutoffs else "")

    def label(self, cutoff: int = MAIN_CUTOFF, listed: str = "") -> str:
        """`R@50`, `ng-R@50`: what papers write."""
        return f"{LISTS[listed]}{self.letters}" + (f"@{cutoff}" if self.cutoffs else "")


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


def reachable(scores: Scores, subject: Scores, object_: Scores, keep: int) -> NDArray[np.bool_]:
    """scores: (P, R) predicate scores, NaN where nothing is predicted; subject, object_: (P,) object scores >= 0.

    Returns (P, R): True for what has a place below `keep` in the list of best predicates (one a pair) or of all
    triplets. Ties at the last place are all kept, because a seed of the evaluator decides among them.
    """
    triplet = (
        scores.astype(np.float64) * subject[:, None].astype(np.float64) * object_[:, None].astype(np.float64)
    )
    triplet = np.where(np.isnan(scores), -np.inf, triplet)
    best = triplet.max(axis=1, initial=-np.inf)
    among_best = (triplet == best[:, None]) & (best >= _last(best, keep))[:, None]
    return (among_best | (triplet >= _last(triplet.ravel(), keep))) & ~np.isnan(scores)


def reachable_either(
    scores: Scores, subject: Scores, object_: Scores, overlap: NDArray[np.bool_], keep: int
) -> NDArray[np.bool_]:
    """The same among all pairs or among the overlapping ones, `overlap` (P,), which can be judged alone: (P, R)."""
    kept = reachable(scores, subject, object_, keep)
    if not overlap.all():
        kept[overlap] |= reachable(scores[overlap], subject[overlap], object_[overlap], keep)
    return kept


def _last(values: NDArray[np.float64], keep: int) -> float:
    """The `keep`-th largest value; -inf where there are no more than that."""
    if len(values) <= keep:
        return -np.inf
    return float(np.partition(values, len(values) - keep)[len(values) - keep])
