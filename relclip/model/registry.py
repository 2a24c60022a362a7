"""The relation models by their kind, which `train.model` names. One line a model."""

from relclip.core.errors import ParamsError
from relclip.model.base import Model, RelationConfig
from relclip.model.motif import Motif
from relclip.model.network import RelCLIP

MODELS: dict[str, type[Model]] = {
    "relclip": RelCLIP,
    "motif": Motif,
}


def model_class(kind: str) -> type[Model]:
    """Return the class of a relation model. Raises ParamsError for a kind without an entry here."""
    if kind not in MODELS:
        raise ParamsError(f"train.model is '{kind}'; relclip/model/registry.py knows: {', '.join(MODELS)}")
    return MODELS[kind]


def build_model(config: RelationConfig) -> Model:
    """Return the network of `config` with random weights, torch's."""
    return model_class(config.kind)(config)
