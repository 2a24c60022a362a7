"""The tiny data set of tests/tiny_dataset.py, written once for this folder."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tiny_dataset import write_tiny


@pytest.fixture(scope="session")
def tiny(tmp_path_factory) -> Path:
    return write_tiny(tmp_path_factory.mktemp("tiny"), train=6, val=9)


@pytest.fixture(scope="session")
def tested(tmp_path_factory) -> Path:
    """The tiny data set with its last four images in the split test."""
    root = write_tiny(tmp_path_factory.mktemp("tested"), train=6, val=9)
    path = root / "dataset" / "images.parquet"
    images = pq.read_table(path)
    split = [*images["split"].to_pylist()[:-4], *["test"] * 4]
    pq.write_table(images.set_column(images.column_names.index("split"), "split", pa.array(split)), path)
    return root
