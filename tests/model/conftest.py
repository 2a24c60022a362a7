"""The tiny data set of tests/tiny_dataset.py, written once for this folder."""

from pathlib import Path

import pytest
from tiny_dataset import write_tiny


@pytest.fixture(scope="session")
def tiny(tmp_path_factory) -> Path:
    return write_tiny(tmp_path_factory.mktemp("tiny"))
