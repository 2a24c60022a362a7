"""Table 2: which predictions are asked about, and the sheet that a data set's full truth fills (docs/method.md, 10)."""

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from relclip.core.params.evaluate import Evaluate
from relclip.core.parquet import ASKED
from relclip.core.precision import DENOMINATOR, PRECISION_CUTOFFS, SHEET, choose_images, precision_report
from relclip.evaluate.checks import Ints
from relclip.evaluate.hits import Ranked
from relclip.evaluate.inputs import GroundTruth, find
from relclip.evaluate.matching import matches

ORACLE = "data set's full truth"


def sample_images(truth: GroundTruth, count: int, seed: int) -> Ints:
    """Choose the images of table 2 by seed among those with ground truth, sorted ids (at most `count`,)."""
    return choose_images(truth.images[np.unique(truth.relations.image)], count, seed)


class _Top:
    """Which of the predictions that pass by are the top ones of the chosen images (sorted ids)."""

    def __init__(self, truth: GroundTruth, images: Ints) -> None:
        self._truth = truth
        self._asked = find(images, truth.images) >= 0

    def rows(self, ranked: Ranked) -> NDArray[np.bool_]:
        """(M,) true for a place in the top 20 under the graph constraint."""
        top: NDArray[np.bool_] = (ranked.rank >= 0) & (ranked.rank < max(PRECISION_CUTOFFS))
        return top & self._asked[ranked.relations.image]


class Asked(_Top):
    """Collects what people are asked: the top predictions of some images, without any judgement."""

    def __init__(self, truth: GroundTruth, images: Ints) -> None:
        super().__init__(truth, images)
        self._pieces = [ASKED.empty_table()]

    def add(self, ranked: Ranked) -> None:
        """Look at the predictions of some images."""
        top = self.rows(ranked)
        relations, ids = ranked.relations.where(top), ranked.objects.object_id
        ends = ids[relations.subject], relations.predicate, ids[relations.object]
        columns = [self._truth.images[relations.image], ranked.rank[top], *ends]
        self._pieces.append(pa.table(columns, names=ASKED.names).cast(ASKED))

    def table(self) -> pa.Table:
        """All that was seen, schema ASKED."""
        return pa.concat_tables(self._pieces)


class Oracle(_Top):
    """Fills the sheet of some images (sorted ids) from a truth that has every true relation."""

    def __init__(self, truth: GroundTruth, images: Ints, pixel_inclusive: bool) -> None:
        super().__init__(truth, images)
        self._inclusive = pixel_inclusive
        self._pieces = [SHEET.empty_table()]

    def add(self, ranked: Ranked) -> None:
        """Look at the predictions of some images."""
        top = self.rows(ranked)
        relations = ranked.relations.where(top)
        right = np.zeros(len(relations.image), bool)
        for _, row in matches(self._truth, ranked.objects, relations, self._inclusive):
            right[row] = True
        columns = [self._truth.images[relations.image], ranked.rank[top], right]
        self._pieces.append(pa.table(columns, names=SHEET.names).cast(SHEET))

    def sheet(self) -> pa.Table:
        """All that was seen, schema SHEET."""
        return pa.concat_tables(self._pieces)


def oracle_report(oracle: Oracle, images: Ints, switches: Evaluate) -> dict[str, Any]:
    """The content of precision.json."""
    names = {"precision_images", "pixel_inclusive", "require_overlap", "split", "bootstrap", "seed"}
    return {
        "oracle": ORACLE,
        "denominator": DENOMINATOR,
        "switches": switches.model_dump(include=names),
        **precision_report(oracle.sheet(), images, switches.bootstrap, switches.seed),
    }
