"""Predicted relations in pieces of whole images, so that memory does not grow with the file."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from relclip.core.lookup import positions
from relclip.core.parquet import count_rows, read_table, readable
from relclip.evaluate.checks import Ints
from relclip.evaluate.inputs import column, precise_relations

ROWS_AT_ONCE = 1 << 20


def relation_batches(path: Path, images: Ints, rows_at_once: int = ROWS_AT_ONCE) -> Iterator[pa.Table]:
    """Yield the predicted relations of the judged `images` (sorted ids), about `rows_at_once` rows a table.

    All relations of an image are in one table, in whatever order the file has its rows.
    """
    if count_rows(path, precise_relations()) <= rows_at_once:
        yield read_table(path, precise_relations())
        return
    for first, last in _bounds(path, images, rows_at_once):
        inside = (pc.field("image_id") >= first) & (pc.field("image_id") <= last)
        yield read_table(path, precise_relations(), filters=inside)


def _bounds(path: Path, images: Ints, rows_at_once: int) -> Iterator[tuple[int, int]]:
    """Ranges of image ids, first and last included, with about `rows_at_once` relations each."""
    counts = np.zeros(len(images), np.int64)
    with readable(path), pq.ParquetFile(path) as file:
        for batch in file.iter_batches(1 << 18, columns=["image_id"]):
            rows = positions(images, column(pa.Table.from_batches([batch]), "image_id"))
            counts += np.bincount(rows[rows >= 0], minlength=len(images))
    piece = (np.cumsum(counts) - counts) // rows_at_once
    starts = np.flatnonzero(np.diff(piece, prepend=-1))
    for first, end in pairwise([*starts.tolist(), len(images)]):
        yield int(images[first]), int(images[end - 1])
