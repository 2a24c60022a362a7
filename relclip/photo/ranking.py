"""From the scores of all pairs and predicates to a ranked list, as recall with graph constraint counts it."""

from collections.abc import Sequence

import numpy as np

from relclip.photo.graph import Relation
from relclip.predict.writing import Prediction

#: How many further predicates of a pair a relation names.
OTHERS = 3


def ranked(prediction: Prediction, predicates: Sequence[str], keep: int) -> tuple[Relation, ...]:
    """The best predicate of each pair, by falling triplet score, the first `keep`; NaN is no prediction."""
    scores = np.where(np.isnan(prediction.scores), -np.inf, prediction.scores).astype(np.float64)
    if not scores.size:
        return ()
    subject, object_ = prediction.pairs.T
    order = np.argsort(-scores, axis=1, kind="stable")
    best = np.take_along_axis(scores, order[:, :1], axis=1)[:, 0]
    ends = prediction.object_score.astype(np.float64)
    triplet = best * ends[subject] * ends[object_]
    rows = [row for row in np.argsort(-triplet, kind="stable")[:keep].tolist() if np.isfinite(best[row])]
    return tuple(
        Relation(
            subject=int(subject[row]),
            predicate=predicates[order[row, 0]],
            object=int(object_[row]),
            score=float(triplet[row]),
            predicate_score=float(best[row]),
            others=tuple(
                (predicates[place], float(scores[row, place]))
                for place in order[row, 1 : OTHERS + 1].tolist()
                if np.isfinite(scores[row, place])
            ),
        )
        for row in rows
    )
