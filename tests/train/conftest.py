"""The tiny data set of tests/tiny_dataset.py, written once for this folder."""

from pathlib import Path

import pytest
from refine_runs import with_sentences
from tiny_dataset import write_tiny

from relclip.model import ImageSet


@pytest.fixture(scope="session")
def tiny(tmp_path_factory) -> Path:
    return write_tiny(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="module")
def images(tiny):
    return ImageSet.load(tiny / "dataset", tiny / "features", "train")


@pytest.fixture(scope="module")
def inputs(tiny, tmp_path_factory):
    return with_sentences(tiny, tmp_path_factory.mktemp("sentences"))
