"""What is judged against: the triplets of labels that train has; the annotation of test and of val, and the full truth.

A triplet of labels (subject class, predicate, object class) is a single number.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from relclip.core.errors import ContractError
from relclip.core.params.evaluate import Evaluate
from relclip.core.parquet import TRIPLET, TRIPLETS, read_table
from relclip.core.recall import Task
from relclip.core.vocabulary import Vocabulary
from relclip.evaluate.checks import Ints, check_range
from relclip.evaluate.inputs import GroundTruth, column, load_groundtruth


@dataclass(frozen=True)
class TrainTriplets:
    """What train holds: the sorted keys of its label triplets, and how often it has each predicate, (P,)."""

    keys: Ints
    count: Ints

    @classmethod
    def of(
        cls, triplets: tuple[Ints, Ints, Ints], vocabulary: Vocabulary, times: Ints | None = None
    ) -> "TrainTriplets":
        """Of (subject class, predicate, object class), (n,) each, a relation or `times` relations a row."""
        often = np.bincount(triplets[1], times, minlength=len(vocabulary.predicates) + 1)[1:]
        return cls(np.unique(label_key(*triplets, vocabulary)), often.astype(np.int64))


def load_train_triplets(path: Path, vocabulary: Vocabulary) -> TrainTriplets:
    """Read triplets (subject_class, predicate_id, object_class) of train; `count`, where there, says how often."""
    table = read_table(path, TRIPLET, optional=[TRIPLETS.field("count")])
    subject, predicate, other = (column(table, name) for name in TRIPLET.names)
    for name, values in (("subject_class", subject), ("object_class", other)):
        check_range(values, len(vocabulary.objects), name, "object classes", path)
    check_range(predicate, len(vocabulary.predicates), "predicate_id", "predicates", path)
    times = column(table, "count") if "count" in table.column_names else None
    if times is not None and len(times) and not (times.min() >= 0 and times.sum(dtype=np.float64) < 1 << 53):
        raise ContractError(
            f"{path} has counts below 0 or beyond {1 << 53:,}; they say how often train has a triplet"
        )
    return TrainTriplets.of((subject, predicate, other), vocabulary, times)


def triplets_of(truth: GroundTruth) -> TrainTriplets:
    """The triplets of a ground truth: of the train split, for zero-shot recall elsewhere."""
    classes, relations = truth.objects.class_id, truth.relations
    ends = classes[relations.subject], classes[relations.object]
    return TrainTriplets.of((ends[0], relations.predicate, ends[1]), truth.vocabulary)


def label_key(subject: Ints, predicate: Ints, other: Ints, vocabulary: Vocabulary) -> Ints:
    """One number for (subject class, predicate, object class), (M,), below `label_keys(vocabulary)`."""
    return (subject * (len(vocabulary.predicates) + 1) + predicate) * (len(vocabulary.objects) + 1) + other


def label_keys(vocabulary: Vocabulary) -> int:
    """How many label keys there are."""
    return (len(vocabulary.objects) + 1) ** 2 * (len(vocabulary.predicates) + 1)


ViewName = Literal["annotation", "val", "truth"]


@dataclass(frozen=True)
class View:
    """One way to judge: the stem of its files, the split, its ground truth, the triplets of train."""

    name: ViewName
    split: str
    groundtruth: GroundTruth
    train: TrainTriplets

    @property
    def is_test(self) -> bool:
        """False for the validation split, which is judged to choose and never to report."""
        return self.name != "val"

    def judges(self, task: Task) -> bool:
        """SGDet is predicted on the test split alone, so it has no view of val."""
        return self.is_test or task != "sgdet"


def load_views(dataset: Path, switches: Evaluate, tasks: list[Task], *, truth: bool) -> list[View]:
    """Load each ground truth that some of the tasks is judged against, once."""
    train = triplets_of(load_groundtruth(dataset, "train"))

    def view(name: ViewName, split: str, folder: Path) -> View:
        return View(name, split, load_groundtruth(folder, split), train)

    views = [view("annotation", switches.split, dataset)]
    if any(task != "sgdet" for task in tasks):
        views.append(view("val", "val", dataset))
    if truth:
        views.append(view("truth", switches.split, dataset / "truth"))
    return views
