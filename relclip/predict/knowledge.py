"""The knowledge base as a table: how often each predicate was said of each pair of classes."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from relclip.core.errors import ContractError
from relclip.core.parquet import TRIPLETS, read_table
from relclip.core.vocabulary import Vocabulary


def load_counts(folder: Path, vocabulary: Vocabulary, min_count: int = 1) -> NDArray[np.float32]:
    """Read triplets.parquet as (O + 1, O + 1, R): counts by subject class, object class, predicate id - 1.

    Counts below `min_count` are 0: such a triplet is not believed.
    A predicate is a candidate of a pair of classes where its count is above 0 (docs/method.md, 3).
    """
    path = folder / "triplets.parquet"
    table = read_table(path, TRIPLETS)
    subject, predicate, object_, count = (table[name].to_numpy().astype(np.int64) for name in TRIPLETS.names)
    classes, predicates = len(vocabulary.objects), len(vocabulary.predicates)
    for name, ids, largest in (
        ("subject_class", subject, classes),
        ("predicate_id", predicate, predicates),
        ("object_class", object_, classes),
    ):
        wrong = ids[(ids < 1) | (ids > largest)]
        if len(wrong):
            raise ContractError(
                f"{path} has {name} {wrong[0]}; ids are 1 to {largest}; run the kb stage again"
            )
    counts = np.zeros((classes + 1, classes + 1, predicates), np.float32)
    np.add.at(counts, (subject, object_, predicate - 1), count)
    counts[counts < min_count] = 0.0
    return counts
