"""The registry's metrics and their bootstrap samples from first hits: recalls are ratios of sums over images."""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from relclip.core.bootstrap import OnGrid, bootstrap_weights, grid_sums, interval, on_grid
from relclip.core.metrics import ALL_CUTOFFS, MEASURES, METRICS, Measure
from relclip.core.params.evaluate import Reading
from relclip.core.recall import LISTS, RECALL, Recalls
from relclip.evaluate.checks import Floats, Ints
from relclip.evaluate.inputs import column

#: Column of first hits -> the recalls that metrics made of it are given.
RecallsOf = dict[str, Recalls]
#: The recalls of one predicate, by name.
OF_PREDICATE = {name: one for name, one in MEASURES.items() if one.metric is RECALL}
#: Further columns of first hits that some metric is made of -> its lists.
FURTHER_HITS = {metric.hits: metric.lists for metric in METRICS if metric.hits != RECALL.hits}


@dataclass(frozen=True)
class Judged:
    """First hits of the images `ids` (I,), summed so that every recall is a ratio of two sums over images.

    sums (I, subsets, lists x K + 1): the hits of a subset of the ground truths in each list at each K and, last, what
    they are divided by. Subsets: all, the zero-shot, those of each predicate, the zero-shot of each predicate.
    further: of other columns than `rank` the hits of all ground truths, (I, lists x K), divided as those are.
    count, train_count (P,): as in `core.recall.Recalls`.
    """

    ids: Ints
    sums: Floats
    further: dict[str, Floats]
    count: Ints
    train_count: Ints | None

    @property
    def images_by_predicate(self) -> Ints:
        """In how many images each predicate has a ground truth, (P,)."""
        return np.count_nonzero(self.sums[:, 2 : 2 + len(self.count), -1], axis=0)

    def of_images(self, measure: Measure) -> Floats:
        """The recall of each image, (I,)."""
        place = list(LISTS).index(measure.listed) * len(ALL_CUTOFFS) + ALL_CUTOFFS.index(measure.cutoff)
        recall: Floats = self.sums[:, 0, place] / self.sums[:, 0, -1]
        return recall

    @cached_property
    def rows(self) -> Floats:
        """All sums of an image in a row, (I, n)."""
        sums = self.sums.reshape(len(self.ids), math.prod(self.sums.shape[1:]))
        return np.concatenate([sums, *self.further.values()], axis=1)

    @cached_property
    def grid(self) -> OnGrid:
        """The rows for the weights of a bootstrap, all of which add up to the number of images: made once."""
        return on_grid(self.rows, float(len(self.ids)))


def by_image(
    hits: pa.Table, predicates: int, recall: Reading = "per_image", train_count: Ints | None = None
) -> Judged:
    """Sum the hits of each image at each K. `recall`: mean of images' recalls, or pooled over all."""
    hits = hits.take(np.argsort(column(hits, "image_id"), kind="stable"))
    ids, image = np.unique(column(hits, "image_id"), return_inverse=True)
    hit = _hits_at_each(hits, RECALL.hits, RECALL.lists)
    predicate, zero_shot = column(hits, "predicate_id"), hits["zero_shot"].to_numpy()
    each = [predicate == number for number in range(1, predicates + 1)]
    subsets = [np.ones(len(image), bool), zero_shot, *each]
    subsets += [one & zero_shot for one in each] if zero_shot.any() else []
    sums = [summed(len(ids), image[subset], hit[subset], recall) for subset in subsets]
    further = {
        name: summed(len(ids), image, _hits_at_each(hits, name, lists), recall)[:, :-1]
        for name, lists in FURTHER_HITS.items()
        if name in hits.column_names
    }
    count = np.bincount(predicate, minlength=predicates + 1)[1:]
    return Judged(ids, np.stack(sums, axis=1), further, count, train_count)


def _hits_at_each(hits: pa.Table, name: str, lists: tuple[str, ...]) -> NDArray[np.bool_]:
    """Whether each ground truth is hit, (n, lists x K)."""
    ranks = [column(hits, f"{listed}{name}") for listed in lists]
    return np.stack([(rank >= 0) & (rank < cutoff) for rank in ranks for cutoff in ALL_CUTOFFS], axis=1)


def summed(size: int, image: Ints, hit: NDArray[np.bool_] | Floats, recall: Reading) -> Floats:
    """Hits of one subset and, last, what they are divided by, (size, columns + 1).

    image: (n,) ascending, hit: (n, columns), or the chance of each.
    """
    sums = np.zeros((size, hit.shape[1] + 1))
    images, first, count = np.unique(image, return_index=True, return_counts=True)
    if len(images):
        divisor = count if recall == "per_image" else np.ones(len(count))
        sums[images, :-1] = np.add.reduceat(hit.astype(np.float64), first) / divisor[:, None]
        sums[images, -1] = count / divisor
    return sums


def ratios(judged: Judged, weights: Floats) -> RecallsOf:
    """Recalls under image weights (B, I)."""
    total = float(weights.sum(axis=1).max(initial=0.0))
    grid = judged.grid if total == len(judged.ids) else on_grid(judged.rows, total)
    return _recalls(judged, grid_sums(weights, grid))


def whole(judged: Judged) -> RecallsOf:
    """Recalls with every image counted once, B = 1."""
    by_column = np.ascontiguousarray(judged.rows.T)  # numpy sums rows in pairs, columns not
    return _recalls(judged, by_column.sum(axis=-1)[None])


def _recalls(judged: Judged, totals: Floats) -> RecallsOf:
    """Rows summed over images, (B, n) -> recalls that end in (B, lists, K)."""
    ends = np.cumsum([math.prod(judged.sums.shape[1:]), *(one.shape[1] for one in judged.further.values())])
    main, *others = np.split(totals, ends[:-1], axis=1)
    sums = main.reshape(len(totals), *judged.sums.shape[1:])
    first = 2 + len(judged.count)
    with np.errstate(invalid="ignore"):
        ratio = _by_list(sums[..., :-1] / sums[..., -1:])
        further = [_by_list(one / sums[:, 0, -1:]) for one in others]
    found = Recalls(
        overall=ratio[:, 0],
        zero_shot=ratio[:, 1],
        by_predicate=np.moveaxis(ratio[:, 2:first], 1, 0),
        zero_shot_by_predicate=np.moveaxis(ratio[:, first:], 1, 0),
        count=judged.count,
        train_count=judged.train_count,
    )
    alone = (Recalls(overall=one, by_predicate=np.empty((0, *one.shape))) for one in further)
    return {RECALL.hits: found, **dict(zip(judged.further, alone, strict=True))}


def _by_list(values: Floats) -> Floats:
    """(..., lists x K) -> (..., lists, K)."""
    return values.reshape(*values.shape[:-1], -1, len(ALL_CUTOFFS))


def named(found: RecallsOf) -> dict[str, Floats]:
    """Every measure of the registry by name, (B,); without those of columns that the hits lack."""
    values = {metric: metric.function(found[metric.hits]) for metric in METRICS if metric.hits in found}
    return {name: _at(values[one.metric], one) for name, one in MEASURES.items() if one.metric in values}


def of_predicates(found: RecallsOf) -> dict[str, Floats]:
    """`recall_at_50 of 3` (the predicate's id) -> (B,); NaN without ground truth."""
    return {
        predicate_metric(name, number): _at(recall, one)
        for number, recall in enumerate(found[RECALL.hits].by_predicate, 1)
        for name, one in OF_PREDICATE.items()
    }


def _at(values: Floats, measure: Measure) -> Floats:
    """One list and K of (B, lists, K)."""
    return values[:, measure.metric.lists.index(measure.listed), ALL_CUTOFFS.index(measure.cutoff)]


def predicate_metric(metric: str, predicate: int) -> str:
    """How `of_predicates` names the recall of one predicate."""
    return f"{metric} of {predicate}"


def metrics_from_hits(
    hits: pa.Table, predicates: int, recall: Reading = "per_image", train_count: Ints | None = None
) -> dict[str, float | None]:
    """All metrics as fractions; None where there is no ground truth to count (docs/method.md, 2).

    train_count (P,): how often train has each predicate, for head, body and tail.

    >>> from relclip.evaluate.hits import HITS
    >>> rows = [(1, 0, 3, 1, 0, 4, False), (1, 1, 2, 0, -1, 70, True), (2, 0, 3, 1, 30, 31, False)]
    >>> hits = pa.table([list(values) for values in zip(*rows)], schema=HITS)
    >>> values = metrics_from_hits(hits, predicates=3)
    >>> [values[name] for name in ("recall_at_20", "recall_at_50", "mean_recall_at_50")]
    [0.25, 0.75, 0.3333333333333333]
    """
    return metrics_of(by_image(hits, predicates, recall, train_count))


def metrics_of(judged: Judged) -> dict[str, float | None]:
    """Every measure of the registry that first hits give, None where it is undefined."""
    ranked = (name for name, one in MEASURES.items() if one.cutoff)
    return dict.fromkeys(ranked) | first_values(named(whole(judged)))


def first_values(values: dict[str, Floats]) -> dict[str, float | None]:
    """The first of each (B,), for JSON, which has no NaN."""
    return {name: optional(value[0]) for name, value in values.items()}


def intervals(judged: Judged, samples: int, seed: int) -> dict[str, list[float] | None]:
    """95 % bootstrap interval by image of each measure: [low, high], or None where it is undefined."""
    drawn = [named(ratios(judged, weights)) for weights in bootstrap_weights(len(judged.ids), samples, seed)]
    names = drawn[0] if drawn else {}
    return dict.fromkeys(MEASURES) | {
        name: interval(np.concatenate([one[name] for one in drawn])) for name in names
    }


def optional(value: float) -> float | None:
    """A number for JSON, which has no NaN."""
    return float(value) if np.isfinite(value) else None
