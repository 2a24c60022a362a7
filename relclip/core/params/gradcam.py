"""The section gradcam: figure 2."""

from pydantic import Field

from relclip.core.params.base import Closed, Seed


class Gradcam(Closed):
    """Figure 2: heat maps of CLIP and of the trained `runs` for `relations` test relations that `seed` chooses."""

    runs: list[str] = []
    relations: int = Field(default=6, ge=1)
    seed: Seed = 0
