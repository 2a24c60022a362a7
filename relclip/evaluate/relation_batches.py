"""Predicted relations in pieces of whole images, so that memory does not grow with the file."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from relclip.core.lookup import positions
from relclip.core.parquet import count_rows, read_table, readable
from relclip.evaluate.checks import Ints
from relclip.evaluate.inputs import column, precise_relations
from relclip.evaluate.matching import blocks

ROWS_AT_ONCE = 1 << 20


def relation_batches(path: Path, images: Ints, rows_at_once: int = ROWS_AT_ONCE) -> Iterator[pa.Table]:
    """Yield the predicted relations of the judged `images` (sorted ids), about `rows_at_once` rows a table.

    All relations of an image are in one table, in whatever order the file has its rows.
    """
    if count_rows(path, precise_relations()) <= rows_at_once:
        yield read_table(path, precise_relations())
        return
    for some in blocks(_rows_of_images(path, images), rows_at_once):
        ids = images[some]
        inside = (pc.field("image_id") >= int(ids[0])) & (pc.field("image_id") <= int(ids[-1]))
        yield read_table(path, precise_relations(), filters=inside)


def _rows_of_images(path: Path, images: Ints) -> Ints:
    """How many relations each image has, (I,)."""
    counts = np.zeros(len(images), np.int64)
    with readable(path), pq.ParquetFile(path) as file:
        for batch in file.iter_batches(1 << 18, columns=["image_id"]):
            rows = positions(images, column(pa.Table.from_batches([batch]), "image_id"))
            counts += np.bincount(rows[rows >= 0], minlength=len(images))
    return counts
