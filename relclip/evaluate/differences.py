"""Paired differences: two models on the same images, resampled together (docs/method.md, 2)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from relclip.core.errors import InputError
from relclip.evaluate.checks import Floats, Ints
from relclip.evaluate.inputs import column
from relclip.evaluate.metrics import (
    Judged,
    Reading,
    RecallsOf,
    bootstrap_weights,
    by_image,
    interval,
    named,
    optional,
    ratios,
    whole,
)

#: What tells one ground truth from another in a table of hits.
TRUTH = ("image_id", "subject_id", "predicate_id", "object_id", "zero_shot")

#: Means of recalls that are nearer to each other than this differ by rounding alone.
ROUNDING = 1e-12


@dataclass(frozen=True)
class Difference:
    """better - worse of one metric, as fractions, mean over seeds; None where it is undefined.

    `low`, `high`: 95 % bootstrap interval by image, the same images drawn for both models and all seeds.
    `seeds`: the difference of each pair of files. `p`: two-sided, how often a bootstrap sample contradicts the sign.
    """

    difference: float | None
    low: float | None
    high: float | None
    better: float | None
    worse: float | None
    seeds: list[float | None]
    p: float | None

    @property
    def holds(self) -> bool:
        """True where the interval leaves zero out."""
        return self.low is not None and self.high is not None and (self.low > 0 or self.high < 0)


#: Recalls -> what to compare, by name, (B,) each.
View = Callable[[RecallsOf], dict[str, Floats]]


def paired_difference(
    better: Sequence[pa.Table], worse: Sequence[pa.Table], metric: str, **options: Any
) -> Difference:
    """The difference of one metric (`recall_at_50`, ...); `options` as in `paired_differences`."""
    differences = paired_differences(better, worse, **options)
    if metric not in differences:
        raise InputError(f"there is no metric '{metric}'; the metrics are: {', '.join(differences)}")
    return differences[metric]


def paired_differences(
    better: Sequence[pa.Table],
    worse: Sequence[pa.Table],
    *,
    predicates: int = 20,
    recall: Reading = "per_image",
    bootstrap: int = 1000,
    seed: int = 0,
    train_count: Ints | None = None,
    view: View = named,
) -> dict[str, Difference]:
    """Differences of all metrics between tables of first hits, paired in their order (one pair a seed).

    `predicates`: size of the vocabulary that mean recall is averaged over; `train_count` (P,): how often train has
    each. `view`: which numbers to compare.
    Raises InputError unless all tables hold the same images and ground truths.
    """
    _check(better, worse, predicates)
    shared = [
        name for name in better[0].column_names if all(name in one.column_names for one in [*better, *worse])
    ]
    pairs = [
        tuple(by_image(hits.select(shared), predicates, recall, train_count) for hits in pair)
        for pair in zip(better, worse, strict=True)
    ]
    ones = [(view(whole(first)), view(whole(second))) for first, second in pairs]
    names = list(ones[0][0])
    samples: dict[str, list[Floats]] = {name: [] for name in names}
    for weights in bootstrap_weights(len(pairs[0][0].ids), bootstrap, seed):
        drawn = _mean_difference(pairs, weights, view)
        for name in names:
            samples[name].append(drawn[name])
    return {
        name: _difference(
            np.array([first[name][0] for first, _ in ones]),
            np.array([second[name][0] for _, second in ones]),
            np.concatenate(samples[name] or [np.empty(0)]),
        )
        for name in names
    }


def _mean_difference(pairs: Sequence[tuple[Judged, ...]], weights: Floats, view: View) -> dict[str, Floats]:
    """Mean over seeds under image weights; zero where it is so but for rounding: the verdict and p hang on it."""
    seeds = [(view(ratios(first, weights)), view(ratios(second, weights))) for first, second in pairs]
    means = {
        name: np.mean([first[name] - second[name] for first, second in seeds], axis=0) for name in seeds[0][0]
    }
    return {name: np.where(np.abs(mean) < ROUNDING, 0.0, mean) for name, mean in means.items()}


def _difference(better: Floats, worse: Floats, samples: Floats) -> Difference:
    seeds = [optional(value) for value in better - worse]
    means = (optional(values.mean()) for values in (better - worse, better, worse))
    low, high = interval(samples) or (None, None)
    difference, first, second = means
    return Difference(
        difference=difference,
        low=low,
        high=high,
        better=first,
        worse=second,
        seeds=seeds,
        p=_p_value(samples),
    )


def _p_value(samples: Floats) -> float | None:
    """Twice the share of samples on the other side of zero (or on it), the observed one counted in; None without any.

    >>> _p_value(np.array([0.1, 0.2, 0.1, -0.1]))
    0.8
    """
    samples = samples[np.isfinite(samples)]
    if not len(samples):
        return None
    against = min(int((samples <= 0).sum()), int((samples >= 0).sum()))
    return min(1.0, 2 * (against + 1) / (len(samples) + 1))


def _check(better: Sequence[pa.Table], worse: Sequence[pa.Table], predicates: int) -> None:
    if not better or len(better) != len(worse):
        raise InputError(
            f"{len(better)} better and {len(worse)} worse tables of hits; give as many of both, a pair a seed"
        )
    for hits in [*better, *worse]:
        ids = column(hits, "predicate_id")
        wrong = ids[(ids < 1) | (ids > predicates)]
        if len(wrong):
            raise InputError(
                f"the hits name predicate {wrong[0]}, but the vocabulary has 1 to {predicates}; give --vocabulary"
            )
    keys = [hits.select(TRUTH).sort_by([(name, "ascending") for name in TRUTH]) for hits in [*better, *worse]]
    if any(not key.equals(keys[0]) for key in keys[1:]):
        raise InputError(
            "the tables of hits hold different images or ground truths; judge all of them against the same"
            " split with the same switches (and empty_predictions: zero)"
        )
