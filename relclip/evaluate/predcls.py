"""What PredCls has beside its metrics: confusions of predicates, what table 2 asks and what the full truth answers."""

from pathlib import Path

import numpy as np
import pyarrow as pa

from relclip.core.atomic import write_json
from relclip.core.params.evaluate import Evaluate
from relclip.core.parquet import ASKED, CONFUSION, write_table
from relclip.evaluate.checks import Ints
from relclip.evaluate.hits import Ranked, Watch
from relclip.evaluate.inputs import GroundTruth, find
from relclip.evaluate.precision import Asked, Oracle, oracle_report, sample_images
from relclip.evaluate.ranking import NO_PLACE
from relclip.evaluate.views import View, ViewName


class PredCls:
    """Watches the ranked predictions of each test view, then writes confusion, asked and precision."""

    def __init__(self, views: list[View], switches: Evaluate) -> None:
        self._switches = switches
        by_name = {view.name: view.groundtruth for view in views}
        self._confusions: dict[ViewName, Confusion] = {
            view.name: Confusion(view.groundtruth) for view in views if view.is_test
        }
        # Chosen by the annotation, which every data set has: people and oracle are asked about the same images.
        self._images = sample_images(by_name["annotation"], switches.precision_images, switches.seed)
        self._asked = Asked(by_name["annotation"], self._images)
        truth = by_name.get("truth")
        self._oracle = Oracle(truth, self._images, switches.pixel_inclusive) if truth else None

    def watch(self, view: View) -> list[Watch]:
        """What wants to see the predictions of this view pass by."""
        watch: list[Watch] = []
        if view.name in self._confusions:
            watch.append(self._confusions[view.name].add)
        if view.name == "annotation":
            watch.append(self._asked.add)
        if self._oracle and view.name == "truth":
            watch.append(self._oracle.add)
        return watch

    def write(self, folder: Path) -> dict[str, float | None]:
        """Write the files into `folder`; returns P@10 and P@20 by the truth, nothing where it is not known."""
        tables = [confusion.table(name) for name, confusion in self._confusions.items()]
        write_table(folder / "confusion.parquet", pa.concat_tables(tables), CONFUSION)
        write_table(folder / "asked.parquet", self._asked.table(), ASKED)
        if not self._oracle:
            return {}
        report = oracle_report(self._oracle, self._images, self._switches)
        write_json(folder / "precision.json", report)
        metrics: dict[str, float | None] = report["metrics"]
        return metrics


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
