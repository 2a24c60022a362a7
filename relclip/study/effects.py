"""How sure a paired difference is, when both the test pictures and the training seeds were drawn by chance.

A bootstrap on two levels (pictures and seeds, crossed: each seed is judged on every picture) gives the standard error,
Student's t at Satterthwaite's degrees of freedom the interval: five seeds alone would make a percentile interval too
narrow. Holm (1979) corrects what many claims are asked at once.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from scipy import stats

from relclip.core.bootstrap import Floats, bootstrap_weights
from relclip.core.metrics import Measure
from relclip.evaluate.metrics import by_image, named, ratios, whole

#: Two-sided, of each interval; and how often a true effect of the size called detectable would have been found.
LEVEL, POWER = 0.05, 0.8


@dataclass(frozen=True)
class Effect:
    """better - worse, mean over S pairs of seeds on I pictures; all but `p` and counts in the unit of the metric.

    `error`: standard error of a new draw of pictures and seeds; with one seed of the pictures alone. `seeds`: the
    difference of each pair. `detectable`: the smallest true difference that would be found in 80 of 100 such studies.
    """

    difference: float
    error: float
    low: float
    high: float
    p: float
    detectable: float
    seeds: tuple[float, ...]

    @property
    def decided(self) -> bool:
        """Whether the interval leaves zero outside."""
        return not self.low <= 0 <= self.high


def effect(seeds: Floats, samples: Floats, pictures: int) -> Effect:
    """Return the difference with its interval.

    seeds: (S,) of each pair on the I `pictures`; samples: (S, B) of each pair on B bootstrap draws of the pictures, the
    same for all. The second level, seeds drawn with replacement, needs no drawing: given the pictures its variance is
    known. It is multiplied by S / (S - 1), which the bootstrap of few seeds lacks.
    """
    number = len(seeds)
    by_pictures = float(samples.mean(axis=0).var())
    by_seeds = float(samples.var(axis=0, ddof=1).mean() / number) if number > 1 else 0.0
    freedom = satterthwaite([(by_pictures, pictures - 1), (by_seeds, number - 1)])
    return student(tuple(map(float, seeds)), (by_pictures + by_seeds) ** 0.5, freedom)


def student(seeds: tuple[float, ...], error: float, freedom: float) -> Effect:
    """The mean of `seeds` with the interval, p and detectable difference of its standard error."""
    mean = float(np.mean(seeds))
    reach = float(stats.t.ppf(1 - LEVEL / 2, freedom)) * error
    p = float(2 * stats.t.sf(abs(mean) / error, freedom)) if error else float(mean == 0)
    detectable = reach + float(stats.t.ppf(POWER, freedom)) * error
    return Effect(
        difference=mean,
        error=error,
        low=mean - reach,
        high=mean + reach,
        p=p,
        detectable=detectable,
        seeds=seeds,
    )


def satterthwaite(variances: Sequence[tuple[float, int]]) -> float:
    """Degrees of freedom of a sum of independent variances, each with its own (Satterthwaite 1946).

    >>> satterthwaite([(2.0, 10), (0.0, 4)])
    10.0
    """
    squares = sum(variance**2 / freedom for variance, freedom in variances if variance)
    return sum(variance for variance, _ in variances) ** 2 / squares if squares else 1.0


def paired_effects(
    better: Sequence[pa.Table],
    worse: Sequence[pa.Table],
    metrics: Iterable[str],
    *,
    predicates: int,
    bootstrap: int,
    seed: int,
) -> dict[str, Effect]:
    """The effect on each metric (`recall_at_50`, ...) of tables of first hits, paired in their order, a pair a seed."""
    judged = [tuple(by_image(hits, predicates) for hits in pair) for pair in zip(better, worse, strict=True)]
    pictures = len(judged[0][0].ids)
    weights = list(bootstrap_weights(pictures, bootstrap, seed))
    found: dict[str, Effect] = {}
    ones = [[named(whole(side)) for side in pair] for pair in judged]
    drawn = [[[named(ratios(side, some)) for some in weights] for side in pair] for pair in judged]
    for metric in metrics:
        seeds = np.array([float(first[metric][0] - second[metric][0]) for first, second in ones])
        samples = np.stack(
            [
                np.concatenate([one[metric] for one in first])
                - np.concatenate([one[metric] for one in second])
                for first, second in drawn
            ]
        )
        found[metric] = effect(seeds, samples, pictures)
    return found


def picture_differences(better: Sequence[pa.Table], worse: Sequence[pa.Table], measure: Measure) -> Floats:
    """Better minus worse recall of each picture, (S, I)."""
    recall = [np.stack([by_image(hits, 1).of_images(measure) for hits in side]) for side in (better, worse)]
    difference: Floats = recall[0] - recall[1]
    return difference


def mixed_model(differences: Floats) -> Effect:
    """The same from a mixed model with crossed random effects of seed and picture: (S, I) of a per-picture metric.

    In a balanced design the estimates of REML are these means of squares, where none is below zero. The standard error
    counts what seed and picture share once, the bootstrap up to three times, so this one is never the wider but by
    chance.
    """
    seeds, pictures = differences.shape
    mean = differences.mean()
    by_seed = differences.mean(axis=1) - mean
    by_picture = differences.mean(axis=0) - mean
    rest = differences - by_seed[:, None] - by_picture - mean
    squares_seed = pictures * float(by_seed @ by_seed) / (seeds - 1)
    squares_picture = seeds * float(by_picture @ by_picture) / (pictures - 1)
    squares_rest = float((rest**2).sum()) / ((seeds - 1) * (pictures - 1))
    between = max(squares_seed - squares_rest, 0.0) / (seeds * pictures)
    within = max(squares_picture, squares_rest) / (seeds * pictures)
    freedom = satterthwaite([(between, seeds - 1), (within, pictures - 1)])
    return student(tuple(map(float, differences.mean(axis=1))), (between + within) ** 0.5, freedom)


def holm(values: Sequence[float]) -> list[float]:
    """Holm's p of each claim, in the order given: what it would be worth if it were the only one asked.

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    corrected = [0.0] * len(values)
    highest = 0.0
    for place, number in enumerate(sorted(range(len(values)), key=values.__getitem__)):
        highest = max(highest, min(1.0, (len(values) - place) * values[number]))
        corrected[number] = highest
    return corrected
