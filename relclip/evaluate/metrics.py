"""R@K, mR@K, zR@K and their bootstrap samples from first hits: each is a ratio of sums over images."""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from relclip.core.bootstrap import OnGrid, bootstrap_weights, grid_sums, interval, on_grid
from relclip.evaluate.checks import Floats, Ints
from relclip.evaluate.inputs import column

CUTOFFS = (20, 50, 100)
_RANKS = (("", "rank"), ("ng_", "ng_rank"))
Reading = Literal["per_image", "pooled"]


@dataclass(frozen=True)
class Part:
    """Some ground truths by image row (n,): recall is the sum of above (n, 6) / the sum of below (n,)."""

    images: Ints
    above: Floats
    below: Floats


@dataclass(frozen=True)
class Judged:
    """First hits by image, ids (I,). parts: all ground truths, the zero-shot, those of each predicate."""

    ids: Ints
    parts: list[Part]

    @cached_property
    def sides(self) -> Floats:
        """All parts in one array (I, parts, 2 x cutoffs + 1): what is above the line and, last, what is below."""
        sides = np.zeros((len(self.ids), len(self.parts), 2 * len(CUTOFFS) + 1))
        for number, part in enumerate(self.parts):
            sides[part.images, number, :-1] = part.above
            sides[part.images, number, -1] = part.below
        return sides

    def on_grid(self, total: float) -> OnGrid:
        """The sides as rows, (I, parts x (2 x cutoffs + 1)), for weights that add up to `total` at most."""
        return self._drawn if total == len(self.ids) else on_grid(self._rows, total)

    @property
    def _rows(self) -> Floats:
        return self.sides.reshape(len(self.ids), -1)

    @cached_property
    def _drawn(self) -> OnGrid:
        """For the weights of a bootstrap, all of which add up to the number of images: made once."""
        return on_grid(self._rows, float(len(self.ids)))


def by_image(hits: pa.Table, predicates: int, recall: Reading = "per_image") -> Judged:
    """Sum the hits of each image at each cutoff. `recall`: mean of images' recalls, or pooled over all."""
    hits = hits.take(np.argsort(column(hits, "image_id"), kind="stable"))
    ids, image = np.unique(column(hits, "image_id"), return_inverse=True)
    ranks = [column(hits, name) for _, name in _RANKS]
    hit = np.stack([(rank >= 0) & (rank < cutoff) for rank in ranks for cutoff in CUTOFFS], axis=1)
    predicate, zero_shot = column(hits, "predicate_id"), hits["zero_shot"].to_numpy()
    chosen = [np.arange(len(image)), np.flatnonzero(zero_shot)]
    chosen += [np.flatnonzero(predicate == number) for number in range(1, predicates + 1)]
    return Judged(ids, [_part(image[rows], hit[rows], recall) for rows in chosen])


def _part(image: Ints, hit: NDArray[np.bool_], recall: Reading) -> Part:
    """image: (n,) ascending, hit: (n, 6)."""
    images, first, count = np.unique(image, return_index=True, return_counts=True)
    above = np.add.reduceat(hit.astype(np.float64), first) if len(first) else np.zeros((0, hit.shape[1]))
    if recall == "pooled":
        return Part(images, above, count.astype(np.float64))
    return Part(images, above / count[:, None], np.ones(len(images)))


def ratios(judged: Judged, weights: Floats) -> Floats:
    """Recalls under image weights (B, I) -> (B, parts, 2 x cutoffs); NaN where no ground truth has weight."""
    sums = grid_sums(weights, judged.on_grid(float(weights.sum(axis=1).max(initial=0.0))))
    return _divided(sums.reshape(len(weights), *judged.sides.shape[1:]))


def _divided(sums: Floats) -> Floats:
    """(B, parts, 2 x cutoffs + 1), the last column below the line -> (B, parts, 2 x cutoffs)."""
    with np.errstate(invalid="ignore"):
        quotients: Floats = sums[..., :-1] / sums[..., -1:]
    return quotients


def named(values: Floats) -> dict[str, Floats]:
    """Ratios (B, parts, 6) -> metric name -> (B,). A predicate without ground truth scores 0 in the mean."""
    metrics: dict[str, Floats] = {}
    some = np.isfinite(values[:, 0])
    means = np.where(some, np.nan_to_num(values[:, 2:]).mean(axis=1), np.nan)
    columns = [f"at_{cutoff}" for _ in _RANKS for cutoff in CUTOFFS]
    for number, at in enumerate(columns):
        prefix = _RANKS[number // len(CUTOFFS)][0]
        metrics[f"{prefix}recall_{at}"] = values[:, 0, number]
        metrics[f"{prefix}mean_recall_{at}"] = means[:, number]
        metrics[f"{prefix}zero_shot_recall_{at}"] = values[:, 1, number]
    return metrics


def of_predicates(values: Floats) -> dict[str, Floats]:
    """Ratios (B, parts, 6) -> `recall_at_50 of 3` (the predicate's id) -> (B,); NaN without ground truth."""
    names = [f"{prefix}recall_at_{cutoff}" for prefix, _ in _RANKS for cutoff in CUTOFFS]
    return {
        predicate_metric(name, number + 1): values[:, number + 2, place]
        for number in range(values.shape[1] - 2)
        for place, name in enumerate(names)
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
    judged = by_image(hits, predicates, recall)
    return {name: optional(values[0]) for name, values in named(whole(judged)).items()}


def whole(judged: Judged) -> Floats:
    """Ratios with every image counted once, (1, parts, 2 x cutoffs)."""
    by_column = np.ascontiguousarray(
        np.moveaxis(judged.sides, 0, -1)
    )  # numpy sums rows in pairs, columns not
    return _divided(by_column.sum(axis=-1)[None])


def intervals(judged: Judged, samples: int, seed: int) -> dict[str, list[float] | None]:
    """95 % bootstrap interval by image of each metric: [low, high], or None where it is undefined."""
    pieces = [named(ratios(judged, weights)) for weights in bootstrap_weights(len(judged.ids), samples, seed)]
    names = named(whole(judged))
    return {
        name: interval(np.concatenate([piece[name] for piece in pieces] or [np.empty(0)])) for name in names
    }


def optional(value: float) -> float | None:
    """A number for JSON, which has no NaN."""
    return float(value) if np.isfinite(value) else None
