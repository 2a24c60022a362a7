"""Label triplets (subject class, predicate, object class) as single numbers; which of them train has seen."""

from pathlib import Path

import numpy as np
import pyarrow as pa

from relclip.core.parquet import TRIPLETS, read_table
from relclip.core.vocabulary import Vocabulary
from relclip.evaluate.checks import Ints, check_range
from relclip.evaluate.inputs import GroundTruth, column


def load_seen(path: Path, vocabulary: Vocabulary) -> Ints:
    """Read triplets (subject_class, predicate_id, object_class) seen in train, as sorted label keys."""
    table = read_table(path, pa.schema([TRIPLETS.field(name) for name in TRIPLETS.names[:3]]))
    subject, predicate, other = (column(table, name) for name in TRIPLETS.names[:3])
    for name, values in (("subject_class", subject), ("object_class", other)):
        check_range(values, len(vocabulary.objects), name, "object classes", path)
    check_range(predicate, len(vocabulary.predicates), "predicate_id", "predicates", path)
    return np.unique(label_key(subject, predicate, other, vocabulary))


def seen_in(truth: GroundTruth) -> Ints:
    """Label keys of the triplets of a ground truth: of the train split, for zero-shot recall elsewhere."""
    classes, relations = truth.objects.class_id, truth.relations
    keys = label_key(
        classes[relations.subject], relations.predicate, classes[relations.object], truth.vocabulary
    )
    return np.unique(keys)


def label_key(subject: Ints, predicate: Ints, other: Ints, vocabulary: Vocabulary) -> Ints:
    """One number for (subject class, predicate, object class), (M,), below `label_keys(vocabulary)`."""
    return (subject * (len(vocabulary.predicates) + 1) + predicate) * (len(vocabulary.objects) + 1) + other


def label_keys(vocabulary: Vocabulary) -> int:
    """How many label keys there are."""
    return (len(vocabulary.objects) + 1) ** 2 * (len(vocabulary.predicates) + 1)
