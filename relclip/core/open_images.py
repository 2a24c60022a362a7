"""Open Images' weighted mean average precision and score, as Zhang et al. (2019) and the peers that copy them count.

An image's list holds the two best predicates of each pair, by triplet score, 100 at most. A prediction is right if it
is the first, over all images, of those that fit this ground truth best with an IoU above 0.5 (of both boxes, or of the
box around them: a phrase). Each predicate's average precision weighs as much as it has ground truths.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
PREDICATES_A_PAIR, PLACES, EARLY = 2, 100, 50
NO_TRUTH = -1


@dataclass(frozen=True, kw_only=True)
class Listed:
    """The lists of all images.

    Of the predictions, (M,) each: `image` and `place`, by which equal scores are ordered, `predicate` ids, `score`, and
    the ground truth that each fits best, `relation` and `phrase`, a number of its own or NO_TRUTH.
    found: ground truths that the first 50 of their image hit. positives (P,): ground truths of each predicate.
    """

    image: Ints
    place: Ints
    predicate: Ints
    score: Floats
    relation: Ints
    phrase: Ints
    found: int
    positives: Ints

    @cached_property
    def wmap_relation(self) -> Floats:
        """wmAP_rel: both boxes overlap. NaN without ground truth."""
        return _weighted_mean_precision(self, self.relation)

    @cached_property
    def wmap_phrase(self) -> Floats:
        """wmAP_phr: the boxes around both overlap. NaN without ground truth."""
        return _weighted_mean_precision(self, self.phrase)


def average_precision(right: NDArray[np.bool_], positives: int) -> float:
    """Area under the envelope of precision over recall of a ranking, the best first, (M,).

    >>> average_precision(np.array([True, False, True]), positives=4)
    0.41666666666666663
    """
    precision = np.cumsum(right) / np.arange(1, len(right) + 1)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    return float(envelope[right].sum() / positives)


def _weighted_mean_precision(listed: Listed, fits: Ints) -> Floats:
    """wmAP; fits (M,): `listed.relation` or `listed.phrase`. NaN without ground truth."""
    order = np.lexsort((listed.place, listed.image, -listed.score))
    fits, predicate = fits[order], listed.predicate[order]
    met, first = np.unique(fits, return_index=True)
    right = np.zeros(len(fits), bool)
    right[first[met != NO_TRUTH]] = True
    weighted = [
        count * average_precision(right[predicate == number], count)
        for number, count in enumerate(listed.positives.tolist(), 1)
        if count
    ]
    total = listed.positives.sum()
    return np.array(sum(weighted) / total if total else np.nan)


def open_images_score(listed: Listed) -> Floats:
    """score_wtd: 0.2 R@50 + 0.4 wmAP_rel + 0.4 wmAP_phr, with R pooled over all images and two predicates a pair."""
    recall = listed.found / max(int(listed.positives.sum()), 1)
    return 0.2 * recall + 0.4 * listed.wmap_relation + 0.4 * listed.wmap_phrase
