"""The section features: frozen patch maps."""

from pydantic import Field

from relclip.core.params.base import Closed


class Features(Closed):
    """Frozen patch maps, V(I). `image_size` is the side the picture is resized to before the encoder.

    `shards`: jobs that look at a share of the pictures each, merged to the bytes of one run.
    """

    image_size: int = Field(default=128, ge=8)
    batch: int = Field(default=64, ge=1)
    shards: int = Field(default=1, ge=1, le=10_000)
