"""The evaluator (docs/method.md, 2): anybody's predictions in the public Parquet contract, no torch."""

from relclip.core.precision_at import SHEET, precision_of_images, precision_report
from relclip.evaluate.accumulator import SceneGraphRecall
from relclip.evaluate.differences import Difference, paired_difference, paired_differences
from relclip.evaluate.hit_changes import compare_hits
from relclip.evaluate.hits import HITS, Hits, first_hits
from relclip.evaluate.inputs import GroundTruth, load_groundtruth
from relclip.evaluate.metrics import metrics_from_hits
from relclip.evaluate.report import Report, evaluate, judge
from relclip.evaluate.views import load_train_triplets

__all__ = [
    "HITS",
    "SHEET",
    "Difference",
    "GroundTruth",
    "Hits",
    "Report",
    "SceneGraphRecall",
    "compare_hits",
    "evaluate",
    "first_hits",
    "judge",
    "load_groundtruth",
    "load_train_triplets",
    "metrics_from_hits",
    "paired_difference",
    "paired_differences",
    "precision_of_images",
    "precision_report",
]
