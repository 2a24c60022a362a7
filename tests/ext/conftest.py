"""The tiny files of tests/tiny_clip.py, written once for this folder."""

import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import tiny_clip

from relclip.core.params import Params


@dataclass(frozen=True)
class Tiny:
    params: Params
    raw: Path
    dataset: Path
    kb: Path
    model: Path


@pytest.fixture(scope="session")
def tiny(tmp_path_factory) -> Tiny:
    from relclip.clip.stage import run

    root = tmp_path_factory.mktemp("tiny_clip")
    params = tiny_clip.tiny_params()
    raw = tiny_clip.make_raw(root / "raw")
    run(params, raw, root / "model", threads=1)
    dataset, kb = tiny_clip.make_dataset(root / "dataset"), tiny_clip.make_kb(root / "kb")
    return Tiny(params, raw, dataset, kb, root / "model")
