"""Label triplets (subject class, predicate, object class) as single numbers; which of them train has seen."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from relclip.core.errors import ContractError
from relclip.core.parquet import TRIPLETS, read_table
from relclip.core.vocabulary import Vocabulary
from relclip.evaluate.checks import Ints, check_range
from relclip.evaluate.inputs import GroundTruth, column


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
    table = read_table(path, pa.schema(list(TRIPLETS)[:3]), optional=[TRIPLETS.field("count")])
    subject, predicate, other = (column(table, name) for name in TRIPLETS.names[:3])
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
