"""The metrics of scene graphs: a line each. Tables, MLflow, metrics.json, `compare` and docs/evaluators.md follow.

To add one: a pure function of `Recalls` and its line in METRICS. What a training watches stands in `core.recall`.
"""

from dataclasses import dataclass

from relclip.core.recall import LISTS, MEAN_RECALL, RECALL, Floats, Metric, Recalls


def zero_shot_recall(found: Recalls) -> Floats:
    """zR@K: recall of the ground truths whose triplet of classes train does not have."""
    return found.zero_shot


ZERO_SHOT = Metric("zero_shot_recall", "zR", zero_shot_recall)
METRICS = (RECALL, MEAN_RECALL, ZERO_SHOT)


@dataclass(frozen=True)
class Measure:
    """One number of a judgement: a metric in one list at one K."""

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
}


def metric_label(name: str) -> str:
    """`mean_recall_at_50` -> `mR@50`; what is no measure of the registry keeps its name.

    >>> metric_label("recall_at_50"), metric_label("ng_mean_recall_at_20"), metric_label("coverage")
    ('R@50', 'ng-mR@20', 'coverage')
    """
    return MEASURES[name].label if name in MEASURES else name
