"""The metrics of scene graphs: a line each. Tables, MLflow, metrics.json, `compare` and docs/evaluators.md follow.

To add one: a pure function of `Recalls` and its line in METRICS. What a training watches stands in `core.recall`.
"""

from dataclasses import dataclass, replace
from functools import partial
from operator import attrgetter

import numpy as np

from relclip.core.box_precision import mean_average_precision
from relclip.core.open_images import open_images_score
from relclip.core.recall import LISTS, MEAN_RECALL, RECALL, Floats, Metric, Recalls, mean_recall, recall


def zero_shot_recall(found: Recalls) -> Floats:
    """zR@K: recall of the ground truths whose triplet of classes train does not have."""
    return found.zero_shot


def zero_shot_mean_recall(found: Recalls) -> Floats:
    """zmR@K: the mean over the predicates that have such a ground truth; the others cannot show anything."""
    known = np.isfinite(found.zero_shot_by_predicate)
    with np.errstate(invalid="ignore"):
        mean: Floats = np.nansum(found.zero_shot_by_predicate, axis=0) / known.sum(axis=0)
    return mean


def f1(found: Recalls) -> Floats:
    """F1@K: the harmonic mean of R@K and mR@K, as SGG-Benchmark reports it; 0 where both are 0."""
    overall, mean = found.overall, mean_recall(found)
    return 2 * overall * mean / np.where(overall + mean == 0, 1.0, overall + mean)


def mean_recall_of_third(found: Recalls, third: int) -> Floats:
    """Head, body or tail mR@K: over a third of the predicates, 0 those that train has most often; else NaN."""
    frequent_first = np.argsort(() if found.train_count is None else -found.train_count, kind="stable")
    chosen = np.array_split(frequent_first, 3)[third]
    if not len(chosen):
        return np.full(found.overall.shape, np.nan)
    return mean_recall(replace(found, by_predicate=found.by_predicate[chosen]))


#: Stands for a column of first hits where a metric is made of lists (`open_images.Listed`).
TOP_TWO = "top_two"
#: Where it is made of `box_precision.LabelledBoxes`, those found and those true.
BOXES = "boxes"
ZERO_SHOT = Metric(
    "zero_shot_recall", "zR", "R of the triplets of classes that train lacks", zero_shot_recall
)
#: A number of all lists, or of all boxes, of a data set.
_of_lists = partial(Metric, cutoffs=(), hits=TOP_TWO, lists=("",))
_of_boxes = partial(Metric, cutoffs=(), hits=BOXES, lists=("",))
METRICS = (
    RECALL,
    MEAN_RECALL,
    ZERO_SHOT,
    Metric("zero_shot_mean_recall", "zmR", "mean over the predicates that have such", zero_shot_mean_recall),
    Metric("f1", "F1", "harmonic mean of R and mR", f1),
    Metric(
        "head_mean_recall",
        "head mR",
        "mR of the third that train has most often",
        partial(mean_recall_of_third, third=0),
    ),
    Metric("body_mean_recall", "body mR", "mR of the next third", partial(mean_recall_of_third, third=1)),
    Metric("tail_mean_recall", "tail mR", "mR of the rarest third", partial(mean_recall_of_third, third=2)),
    Metric(
        "phrase_recall",
        "phrase R",
        "R where the boxes around both overlap by half",
        recall,
        hits="phrase_rank",
    ),
    Metric(
        "pair_recall", "pair R", "R of pairs, whatever the predicate", recall, hits="pair_rank", lists=("",)
    ),
    Metric(
        "accuracy",
        "A",
        "R among the predictions of annotated pairs that the file holds",
        recall,
        hits="given_rank",
    ),
    _of_lists("wmap_relation", "wmAP rel", "Open Images: mean AP by frequency", attrgetter("wmap_relation")),
    _of_lists("wmap_phrase", "wmAP phr", "the same of the boxes around both", attrgetter("wmap_phrase")),
    _of_lists("open_images_score", "score wtd", "0.2 R@50 + 0.4 wmAP rel + 0.4 wmAP phr", open_images_score),
    _of_boxes("box_map50", "mAP50", "SGDet's boxes alone, as COCO counts", mean_average_precision),
)
#: Those that are made of Open Images' lists, and of boxes alone.
OF_LISTS = tuple(metric for metric in METRICS if metric.hits == TOP_TWO)
OF_BOXES = tuple(metric for metric in METRICS if metric.hits == BOXES)


@dataclass(frozen=True)
class Measure:
    """One number of a judgement: a metric in one list at one K (0: it has none)."""

    metric: Metric
    listed: str
    cutoff: int

    @property
    def name(self) -> str:
        """`ng_recall_at_50`."""
        return self.metric.at(self.cutoff, self.listed)

    @property
    def label(self) -> str:
        """`ng-R@50`."""
        return self.metric.label(self.cutoff, self.listed)


#: Every K that some metric has.
ALL_CUTOFFS = tuple(sorted({cutoff for metric in METRICS for cutoff in metric.cutoffs}))
#: Name -> measure, list by list and K by K.
MEASURES = {
    one.name: one
    for listed in LISTS
    for cutoff in ALL_CUTOFFS
    for metric in METRICS
    if listed in metric.lists and cutoff in metric.cutoffs
    for one in [Measure(metric, listed, cutoff)]
} | {metric.name: Measure(metric, "", 0) for metric in (*OF_LISTS, *OF_BOXES)}


def metric_label(name: str) -> str:
    """`mean_recall_at_50` -> `mR@50`; what is no measure of the registry keeps its name.

    >>> metric_label("recall_at_50"), metric_label("ng_mean_recall_at_20"), metric_label("coverage")
    ('R@50', 'ng-mR@20', 'coverage')
    """
    return MEASURES[name].label if name in MEASURES else name
