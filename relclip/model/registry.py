"""The relation models by their kind; all have `model(batch, labels) -> Output`, `answers`, `config`, `set_channels`."""

from typing import Annotated, assert_never

from pydantic import Field, TypeAdapter

from relclip.model.motif import Motif, MotifConfig
from relclip.model.network import ModelConfig, RelCLIP

Model = RelCLIP | Motif
AnyConfig = ModelConfig | MotifConfig

#: Reads a configuration by its `kind`.
CONFIGS: TypeAdapter[AnyConfig] = TypeAdapter(Annotated[AnyConfig, Field(discriminator="kind")])


def build_model(config: AnyConfig) -> Model:
    """Return the network of `config` with random weights, torch's."""
    if isinstance(config, MotifConfig):
        return Motif(config)
    if isinstance(config, ModelConfig):
        return RelCLIP(config)
    assert_never(config)
