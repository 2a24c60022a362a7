"""What PredCls has beside its metrics: confusions of predicates, what table 2 asks and what the full truth answers."""

from pathlib import Path

import pyarrow as pa

from relclip.core.atomic import write_json
from relclip.core.params.evaluate import Evaluate
from relclip.core.parquet import ASKED, CONFUSION, write_table
from relclip.evaluate.confusion import Confusion
from relclip.evaluate.hits import Watch
from relclip.evaluate.precision import Asked, Oracle, oracle_report, sample_images
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
