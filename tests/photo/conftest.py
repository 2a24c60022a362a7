"""Untrained models on a tiny data set, written once, and the API over them."""

import sys
from pathlib import Path

import pytest
from photo_case import write_data

from relclip.core import command
from relclip.photo import SceneGraphs
from relclip.photo import __main__ as photo


@pytest.fixture(scope="session")
def data(tmp_path_factory) -> Path:
    return write_data(tmp_path_factory.mktemp("photo"))


@pytest.fixture(scope="session")
def graphs(data) -> SceneGraphs:
    return SceneGraphs.load(data, device="cpu")


@pytest.fixture
def predict(data, tmp_path, monkeypatch, capsys):
    """Run the command in an empty folder; returns (exit status, stdout, stderr)."""
    monkeypatch.chdir(tmp_path)

    def call(*words):
        monkeypatch.setattr(
            sys, "argv", ["relclip predict", *map(str, words), "--data", str(data), "--threads", "1"]
        )
        try:
            command.run(photo.main)
            status = 0
        except SystemExit as end:
            status = end.code
        return status, *capsys.readouterr()

    return call
