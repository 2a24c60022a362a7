"""Figure 6: which predicate is put first where the ground truth has which (PredCls, graph constraint)."""

import numpy as np
import pyarrow as pa

from relclip.core.parquet import CONFUSION
from relclip.evaluate.checks import Ints
from relclip.evaluate.hits import Ranked
from relclip.evaluate.inputs import GroundTruth, find
from relclip.evaluate.ranking import NO_PLACE

NOT_PREDICTED = 0


class Confusion:
    """The top predicate of the pair of each ground truth. Pairs are the same by object id, as PredCls gives them."""

    def __init__(self, truth: GroundTruth) -> None:
        self._truth = truth
        self._predicted = np.full(len(truth.relations.image), NOT_PREDICTED)

    def add(self, ranked: Ranked) -> None:
        """Look at the predictions of some images."""
        best = ranked.relations.where(ranked.rank != NO_PLACE)
        offered = _pair(best.subject, best.object)
        order = np.argsort(offered)
        relations, ids = self._truth.relations, self._truth.objects.object_id
        ends = (
            ranked.objects.rows(relations.image, ids[side]) for side in (relations.subject, relations.object)
        )
        row = find(offered[order], _pair(*ends))
        self._predicted[row >= 0] = best.predicate[order[row[row >= 0]]]

    def table(self, judged: str) -> pa.Table:
        """Counts of (ground truth, top predicate) that occur, schema CONFUSION. A repeated ground truth counts once."""
        relations = self._truth.relations
        rows = np.stack(
            [_pair(relations.subject, relations.object), relations.predicate, self._predicted], axis=1
        )
        distinct = np.unique(rows, axis=0)[:, 1:]
        cells, count = np.unique(distinct, axis=0, return_counts=True)
        columns = [[judged] * len(cells), cells[:, 0], cells[:, 1], count]
        return pa.table(columns, names=CONFUSION.names).cast(CONFUSION)


def _pair(subject: Ints, other: Ints) -> Ints:
    """One number for two rows of objects, (M,); negative where the first is -1, no object."""
    return (subject << np.int64(31)) + other
