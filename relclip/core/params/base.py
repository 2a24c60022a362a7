"""The base of all sections."""

from pydantic import BaseModel, ConfigDict, Field

Fraction = Field(ge=0.0, le=1.0)


class Closed(BaseModel):
    """A section whose keys are all known and whose values are never bent to fit."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
