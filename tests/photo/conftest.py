"""Untrained models on a tiny data set, written once, and the API over them."""

from pathlib import Path

import pytest
from photo_case import write_data

from relclip.photo import SceneGraphs


@pytest.fixture(scope="session")
def data(tmp_path_factory) -> Path:
    return write_data(tmp_path_factory.mktemp("photo"))


@pytest.fixture(scope="session")
def graphs(data) -> SceneGraphs:
    return SceneGraphs.load(data, device="cpu")
