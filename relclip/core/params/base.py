"""The base of all sections."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

#: What numpy, torch and gensim all take for a seed.
Seed = Annotated[int, Field(ge=0, lt=2**32)]


class Closed(BaseModel):
    """A section whose keys are all known and whose values are never bent to fit."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
