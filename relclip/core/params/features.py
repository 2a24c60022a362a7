"""The section features: frozen patch maps."""

from pydantic import Field

from relclip.core.params.base import MOST_PIXELS, Closed, Shards


class Features(Closed):
    """Frozen patch maps, V(I)."""

    image_size: int = Field(
        default=128, ge=8, le=MOST_PIXELS, description="side of the image before the encoder, pixels"
    )
    batch: int = Field(default=64, ge=1, description="images at a time")
    shards: Shards = Field(
        default=1,
        description="jobs that look at a share of the images each, merged to the bytes of one run",
    )
