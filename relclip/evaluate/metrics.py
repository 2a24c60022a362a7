"""The registry's metrics and their bootstrap samples from first hits: recalls are ratios of sums over images."""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from relclip.core.bootstrap import OnGrid, bootstrap_weights, grid_sums, interval, on_grid
from relclip.core.metrics import ALL_CUTOFFS, MEASURES, METRICS, Measure
from relclip.core.recall import LISTS, RECALL, Recalls
from relclip.evaluate.checks import Floats, Ints
from relclip.evaluate.inputs import column

Reading = Literal["per_image", "pooled"]
#: The recalls of one predicate, by name.
OF_PREDICATE = {name: one for name, one in MEASURES.items() if one.metric is RECALL}


@dataclass(frozen=True)
class Judged:
    """First hits of the images `ids` (I,), summed so that every recall is a ratio of two sums over images.

    sums (I, subsets, lists x K + 1): the hits of a subset of the ground truths in each list at each K and, last, what
    they are divided by. Subsets: all, the zero-shot, those of each predicate, the zero-shot of each predicate.
    """

    ids: Ints
    sums: Floats
    count: Ints

    @property
    def predicates(self) -> int:
        """How many there are."""
        return len(self.count)

    @property
    def images_by_predicate(self) -> Ints:
        """In how many images each predicate has a ground truth, (P,)."""
        return np.count_nonzero(self.sums[:, 2 : 2 + self.predicates, -1], axis=0)

    def of_images(self, measure: Measure) -> Floats:
        """The recall of each image, (I,)."""
        place = list(LISTS).index(measure.listed) * len(ALL_CUTOFFS) + ALL_CUTOFFS.index(measure.cutoff)
        recall: Floats = self.sums[:, 0, place] / self.sums[:, 0, -1]
        return recall

    def on_grid(self, total: float) -> OnGrid:
        """The sums as rows, (I, subsets x (lists x K + 1)), for weights that add up to `total` at most."""
        return self._drawn if total == len(self.ids) else on_grid(self._rows, total)

    @property
    def _rows(self) -> Floats:
        return self.sums.reshape(len(self.ids), -1)

    @cached_property
    def _drawn(self) -> OnGrid:
        """For the weights of a bootstrap, all of which add up to the number of images: made once."""
        return on_grid(self._rows, float(len(self.ids)))


def by_image(hits: pa.Table, predicates: int, recall: Reading = "per_image") -> Judged:
    """Sum the hits of each image at each K. `recall`: mean of images' recalls, or pooled over all."""
    hits = hits.take(np.argsort(column(hits, "image_id"), kind="stable"))
    ids, image = np.unique(column(hits, "image_id"), return_inverse=True)
    ranks = [column(hits, f"{listed}rank") for listed in LISTS]
    hit = np.stack([(rank >= 0) & (rank < cutoff) for rank in ranks for cutoff in ALL_CUTOFFS], axis=1)
    predicate, zero_shot = column(hits, "predicate_id"), hits["zero_shot"].to_numpy()
    each = [predicate == number for number in range(1, predicates + 1)]
    subsets = [np.ones(len(image), bool), zero_shot, *each]
    subsets += [one & zero_shot for one in each] if zero_shot.any() else []
    sums = np.zeros((len(ids), len(subsets), hit.shape[1] + 1))
    for number, subset in enumerate(subsets):
        _sum_up(sums[:, number], image[subset], hit[subset], recall)
    return Judged(ids, sums, np.bincount(predicate, minlength=predicates + 1)[1:])


def _sum_up(sums: Floats, image: Ints, hit: NDArray[np.bool_], recall: Reading) -> None:
    """Fill the rows (I, columns + 1) of one subset. image: (n,) ascending, hit: (n, columns)."""
    images, first, count = np.unique(image, return_index=True, return_counts=True)
    if len(images):
        divisor = count if recall == "per_image" else np.ones(len(count))
        sums[images, :-1] = np.add.reduceat(hit.astype(np.float64), first) / divisor[:, None]
        sums[images, -1] = count / divisor


def recalls(judged: Judged, sums: Floats) -> Recalls:
    """Sums over images (B, subsets, lists x K + 1) -> recalls that end in (B, lists, K)."""
    with np.errstate(invalid="ignore"):
        ratios = (sums[..., :-1] / sums[..., -1:]).reshape(*sums.shape[:2], len(LISTS), len(ALL_CUTOFFS))
    first = 2 + judged.predicates
    return Recalls(
        overall=ratios[:, 0],
        zero_shot=ratios[:, 1],
        by_predicate=np.moveaxis(ratios[:, 2:first], 1, 0),
        zero_shot_by_predicate=np.moveaxis(ratios[:, first:], 1, 0),
        count=judged.count,
    )


def ratios(judged: Judged, weights: Floats) -> Recalls:
    """Recalls under image weights (B, I)."""
    sums = grid_sums(weights, judged.on_grid(float(weights.sum(axis=1).max(initial=0.0))))
    return recalls(judged, sums.reshape(len(weights), *judged.sums.shape[1:]))


def whole(judged: Judged) -> Recalls:
    """Recalls with every image counted once, B = 1."""
    by_column = np.ascontiguousarray(np.moveaxis(judged.sums, 0, -1))  # numpy sums rows in pairs, columns not
    return recalls(judged, by_column.sum(axis=-1)[None])


def named(found: Recalls) -> dict[str, Floats]:
    """Every measure of the registry by name, (B,)."""
    values = {metric: metric.function(found) for metric in METRICS}
    places = list(LISTS)
    return {
        name: values[one.metric][:, places.index(one.listed), ALL_CUTOFFS.index(one.cutoff)]
        for name, one in MEASURES.items()
    }


def of_predicates(found: Recalls) -> dict[str, Floats]:
    """`recall_at_50 of 3` (the predicate's id) -> (B,); NaN without ground truth."""
    places = list(LISTS)
    return {
        predicate_metric(name, number): recall[:, places.index(one.listed), ALL_CUTOFFS.index(one.cutoff)]
        for number, recall in enumerate(found.by_predicate, 1)
        for name, one in OF_PREDICATE.items()
    }


def predicate_metric(metric: str, predicate: int) -> str:
    """How `of_predicates` names the recall of one predicate."""
    return f"{metric} of {predicate}"


def metrics_from_hits(
    hits: pa.Table, predicates: int, recall: Reading = "per_image"
) -> dict[str, float | None]:
    """All metrics as fractions; None where there is no ground truth to count (docs/method.md, 2).

    >>> from relclip.evaluate.hits import HITS
    >>> rows = [(1, 0, 3, 1, 0, 4, False), (1, 1, 2, 0, -1, 70, True), (2, 0, 3, 1, 30, 31, False)]
    >>> hits = pa.table([list(values) for values in zip(*rows)], schema=HITS)
    >>> values = metrics_from_hits(hits, predicates=3)
    >>> [values[name] for name in ("recall_at_20", "recall_at_50", "mean_recall_at_50")]
    [0.25, 0.75, 0.3333333333333333]
    """
    return first_values(named(whole(by_image(hits, predicates, recall))))


def first_values(values: dict[str, Floats]) -> dict[str, float | None]:
    """The first of each (B,), for JSON, which has no NaN."""
    return {name: optional(value[0]) for name, value in values.items()}


def intervals(judged: Judged, samples: int, seed: int) -> dict[str, list[float] | None]:
    """95 % bootstrap interval by image of each measure: [low, high], or None where it is undefined."""
    drawn = [named(ratios(judged, weights)) for weights in bootstrap_weights(len(judged.ids), samples, seed)]
    return {
        name: interval(np.concatenate([one[name] for one in drawn] or [np.empty(0)])) for name in MEASURES
    }


def optional(value: float) -> float | None:
    """A number for JSON, which has no NaN."""
    return float(value) if np.isfinite(value) else None
