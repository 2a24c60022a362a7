"""Who hears of a training: MLflow, a test, nobody."""

from collections.abc import Mapping
from typing import Protocol


class Recorder(Protocol):
    """What a stage may tell about itself while it works; it never learns who listens."""

    def metrics(self, values: Mapping[str, float], step: int = 0) -> None:
        """Record numbers, as a point of a curve if `step` grows."""

    def tags(self, values: Mapping[str, str]) -> None:
        """Say what the run is, once that is known (the digest of the model it made)."""


class Silent:
    """A recorder that keeps nothing: for library use and for tests."""

    def metrics(self, values: Mapping[str, float], step: int = 0) -> None:
        """Drop the numbers."""

    def tags(self, values: Mapping[str, str]) -> None:
        """Drop the tags."""
