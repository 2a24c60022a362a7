"""The section kb: captions to triplets."""

from pydantic import Field

from relclip.core.params.base import Closed


class Kb(Closed):
    """Captions to triplets. `shards`: jobs that mine a share of the captions each, merged to the bytes of one run."""

    chunk: int = Field(default=200_000, ge=1)
    workers: int = Field(default=2, ge=1)
    min_count: int = Field(default=1, ge=1)
    shards: int = Field(default=1, ge=1, le=10_000)
