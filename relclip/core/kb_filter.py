"""Which of the knowledge base's triplets a training believes (`train.kb`)."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from relclip.core.params.train import KbLabels
from relclip.core.parquet import EVIDENCE, TRIPLET, TRIPLETS, read_table
from relclip.core.seeds import stream

PAIR = ("subject_class", "object_class")


def believed_triplets(kb: Path, settings: KbLabels, seed: int) -> tuple[pa.Table, dict[str, Any]]:
    """The triplets of `kb` that pass `settings`, with their counts among the captions that are believed.

    Also what was kept, for statistics.json. Raises ContractError where a file is missing or broken.
    """
    everything = read_table(kb / "triplets.parquet", TRIPLETS)
    counted, captions = everything, {}
    if settings.captions < 1.0:
        evidence = read_table(kb / "evidence.parquet", EVIDENCE)
        believed = evidence.filter(
            pa.array(believed_captions(evidence["caption_id"], settings.captions, seed))
        )
        counted = count_triplets(believed)
        captions = {"captions": _distinct(believed), "captions_in_all": _distinct(evidence)}
    passed = frequent_triplets(counted, settings.min_count, settings.min_share)
    return passed, {
        **captions,
        "triplets": len(passed),
        "triplets_in_all": len(everything),
        "mentions": _mentions(passed),
        "mentions_in_all": _mentions(everything),
    }


def believed_captions(caption_id: pa.ChunkedArray, share: float, seed: int) -> NDArray[np.bool_]:
    """Which rows belong to the `share` of the distinct captions that is drawn: (K,). At least one caption is.

    A seeded permutation of the sorted ids: a smaller share of one seed is a part of a larger one.
    """
    codes = pc.rank(caption_id, sort_keys="ascending", tiebreaker="dense").to_numpy().astype(np.int64) - 1
    distinct = int(codes.max(initial=-1)) + 1
    chosen = stream(seed, "kb", "captions").permutation(distinct) < max(round(share * distinct), 1)
    return chosen[codes]


def count_triplets(evidence: pa.Table) -> pa.Table:
    """The rows of triplets.parquet that these rows of evidence.parquet make: one mention a row."""
    counted = evidence.group_by(TRIPLET.names).aggregate([([], "count_all")]).rename_columns(TRIPLETS.names)
    return counted.cast(TRIPLETS).sort_by([(name, "ascending") for name in TRIPLET.names])


def frequent_triplets(triplets: pa.Table, min_count: int, min_share: float) -> pa.Table:
    """Those said at least `min_count` times that make up at least `min_share` of what was said of their two classes."""
    kept = (triplets["count"].to_numpy() >= min_count) & (count_shares(triplets) >= min_share)
    return triplets.filter(pa.array(kept))


def count_shares(triplets: pa.Table) -> NDArray[np.float64]:
    """The count of each triplet over the counts of all triplets of its two classes: (K,)."""
    count = triplets["count"].to_numpy().astype(np.float64)
    classes = np.stack([triplets[name].to_numpy() for name in PAIR], axis=1)
    pair = np.unique(classes, axis=0, return_inverse=True)[1].reshape(-1)
    return count / np.maximum(np.bincount(pair, count), 1.0)[pair]


def _distinct(evidence: pa.Table) -> int:
    return int(pc.count_distinct(evidence["caption_id"]).as_py())


def _mentions(triplets: pa.Table) -> int:
    return int(pc.sum(triplets["count"]).as_py() or 0)
