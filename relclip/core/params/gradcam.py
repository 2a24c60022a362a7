"""The section gradcam: figure 2."""

from pydantic import Field

from relclip.core.params.base import Closed, Seed


class Gradcam(Closed):
    """Figure 2: heat maps of CLIP and of trained runs."""

    runs: list[str] = Field(default=[], description="trained runs whose heat maps are drawn beside CLIP's")
    relations: int = Field(default=6, ge=1, description="test relations that are drawn")
    seed: Seed = Field(default=0, description="of their choice")
