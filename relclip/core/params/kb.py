"""The section kb: captions to triplets."""

from pydantic import Field

from relclip.core.params.base import Closed, Shards


class Kb(Closed):
    """Captions to triplets."""

    chunk: int = Field(default=200_000, ge=1, description="captions that a process mines at a time")
    workers: int = Field(default=2, ge=1, description="processes")
    min_count: int = Field(default=1, ge=1, description="how often a triplet must be said to be kept")
    shards: Shards = Field(
        default=1, description="jobs that mine a share of the captions each, merged to the bytes of one run"
    )
