"""What PredCls has beside its metrics: confusions of predicates, what table 2 asks and what the full truth answers.

Table 2 (docs/method.md, 10): which predictions are asked about, and the sheet that a data set's full truth fills.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from relclip.core.atomic import write_json
from relclip.core.lookup import positions
from relclip.core.params.evaluate import Evaluate
from relclip.core.parquet import ASKED, CONFUSION, table_of, write_table
from relclip.core.precision_at import DENOMINATOR, PRECISION_CUTOFFS, SHEET, choose_images, precision_report
from relclip.evaluate.checks import Ints
from relclip.evaluate.hits import Ranked, Watch
from relclip.evaluate.inputs import GroundTruth, Objects, Relations, pair_key
from relclip.evaluate.matching import matches
from relclip.evaluate.ranking import NO_PLACE
from relclip.evaluate.views import View, ViewName

NOT_PREDICTED = 0
ORACLE = "data set's full truth"
#: Objects and some relations of theirs -> columns, a row a relation.
Columns = Callable[[Objects, Relations], Sequence[NDArray[Any]]]


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
        self._top = top_predictions(by_name["annotation"], self._images)
        truth = by_name.get("truth")
        self._oracle = oracle_sheet(truth, self._images, switches.pixel_inclusive) if truth else None

    def watch(self, view: View) -> list[Watch]:
        """What wants to see the predictions of this view pass by."""
        watch: list[Watch] = []
        if view.name in self._confusions:
            watch.append(self._confusions[view.name].add)
        if view.name == "annotation":
            watch.append(self._top.add)
        if self._oracle and view.name == "truth":
            watch.append(self._oracle.add)
        return watch

    def write(self, folder: Path) -> dict[str, float | None]:
        """Write the files into `folder`; returns P@10 and P@20 by the truth, nothing where it is not known."""
        tables = [confusion.table(name) for name, confusion in self._confusions.items()]
        write_table(folder / "confusion.parquet", pa.concat_tables(tables), CONFUSION)
        write_table(folder / "asked.parquet", self._top.table(), ASKED)
        if not self._oracle:
            return {}
        report = oracle_report(self._oracle.table(), self._images, self._switches)
        write_json(folder / "precision.json", report)
        metrics: dict[str, float | None] = report["metrics"]
        return metrics


class Confusion:
    """The top predicate of the pair of each ground truth. Pairs are the same by object id, as PredCls gives them."""

    def __init__(self, truth: GroundTruth) -> None:
        self._truth = truth
        self._predicted = np.full(len(truth.relations.image), NOT_PREDICTED)

    def add(self, ranked: Ranked) -> None:
        """Look at the predictions of some images."""
        best = ranked.relations.where(ranked.rank != NO_PLACE)
        offered = pair_key(best.subject, best.object)
        order = np.argsort(offered)
        relations, ids = self._truth.relations, self._truth.objects.object_id
        ends = (
            ranked.objects.rows(relations.image, ids[side]) for side in (relations.subject, relations.object)
        )
        row = positions(offered[order], pair_key(*ends))
        self._predicted[row >= 0] = best.predicate[order[row[row >= 0]]]

    def table(self, judged: str) -> pa.Table:
        """Counts of (ground truth, top predicate) that occur, schema CONFUSION. A repeated ground truth counts once."""
        relations = self._truth.relations
        rows = np.stack(
            [pair_key(relations.subject, relations.object), relations.predicate, self._predicted], axis=1
        )
        distinct = np.unique(rows, axis=0)[:, 1:]
        cells, count = np.unique(distinct, axis=0, return_counts=True)
        columns = [[judged] * len(cells), cells[:, 0], cells[:, 1], count]
        return table_of(columns, CONFUSION)


def sample_images(truth: GroundTruth, count: int, seed: int) -> Ints:
    """Choose the images of table 2 by seed among those with ground truth, sorted ids (at most `count`,)."""
    return choose_images(truth.images[np.unique(truth.relations.image)], count, seed)


class Top:
    """Collects the top predictions of the chosen images (sorted ids) that pass by: a row of `schema` for each.

    `columns`: those of `schema` behind the image and the rank.
    """

    def __init__(self, truth: GroundTruth, images: Ints, schema: pa.Schema, columns: Columns) -> None:
        self._truth, self._schema, self._columns = truth, schema, columns
        self._chosen = positions(images, truth.images) >= 0
        self._tables = [schema.empty_table()]

    def add(self, ranked: Ranked) -> None:
        """Look at the predictions of some images: at the top 20 under the graph constraint."""
        top = (
            (ranked.rank >= 0) & (ranked.rank < max(PRECISION_CUTOFFS)) & self._chosen[ranked.relations.image]
        )
        relations = ranked.relations.where(top)
        columns = self._columns(ranked.objects, relations)
        table = table_of([self._truth.images[relations.image], ranked.rank[top], *columns], self._schema)
        self._tables.append(table)

    def table(self) -> pa.Table:
        """All that passed by."""
        return pa.concat_tables(self._tables)


def top_predictions(truth: GroundTruth, images: Ints) -> Top:
    """What people are asked, without any judgement: the triplets, by ids."""

    def triplet(objects: Objects, relations: Relations) -> Sequence[NDArray[Any]]:
        ids = objects.object_id
        return ids[relations.subject], relations.predicate, ids[relations.object]

    return Top(truth, images, ASKED, triplet)


def oracle_sheet(truth: GroundTruth, images: Ints, pixel_inclusive: bool) -> Top:
    """The sheet as a truth that has every true relation fills it."""

    def right(objects: Objects, relations: Relations) -> Sequence[NDArray[Any]]:
        found = np.zeros(len(relations.image), bool)
        for _, row in matches(truth, objects, relations, pixel_inclusive):
            found[row] = True
        return [found]

    return Top(truth, images, SHEET, right)


def oracle_report(sheet: pa.Table, images: Ints, switches: Evaluate) -> dict[str, Any]:
    """The content of precision.json."""
    names = {"precision_images", "pixel_inclusive", "require_overlap", "split", "bootstrap", "seed"}
    return {
        "oracle": ORACLE,
        "denominator": DENOMINATOR,
        "switches": switches.model_dump(include=names),
        **precision_report(sheet, images, switches.bootstrap, switches.seed),
    }
