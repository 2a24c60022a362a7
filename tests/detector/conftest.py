"""A tiny data set of coloured squares and what a detector learns from it in seconds."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from relclip.core.params.detector import Detector

#: Small enough for seconds, long enough to learn three colours.
TINY = {"image_size": 64, "iterations": 40, "batch": 4, "warmup": 5, "checkpoint_every": 20, "per_image": 6}


@dataclass(frozen=True)
class Trained:
    """Where the tiny files are, and the detector stage's output."""

    settings: Detector
    raw: Path
    dataset: Path
    output: Path

    @property
    def statistics(self) -> dict:
        """The stage's own figures."""
        return json.loads((self.output / "statistics.json").read_text())


@pytest.fixture(scope="session")
def trained(tmp_path_factory) -> Trained:
    """The stage, run once."""
    import tiny_clip

    from relclip.detector.stage import run

    root = tmp_path_factory.mktemp("detector")
    raw, dataset = tiny_clip.make_raw(root / "raw"), tiny_clip.make_dataset(root / "dataset")
    settings = Detector(**TINY)
    made = Trained(settings, raw, dataset, root / "output")
    run(settings, raw=raw, dataset=dataset, checkpoints=root / "checkpoints", output=made.output, threads=1)
    return made
