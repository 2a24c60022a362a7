"""A trained model on disk: model.safetensors (weights) and config.json (what builds it). No pickle."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from pydantic import ValidationError
from safetensors import SafetensorError
from safetensors.torch import load_file, save

from relclip.compute.seal import UNSEALED, check_seal, seal
from relclip.core.atomic import atomic_file, write_json
from relclip.core.errors import ContractError
from relclip.core.json_file import read_json
from relclip.model.base import Model, RelationConfig
from relclip.model.registry import MODELS, build_model

WEIGHTS = "model.safetensors"
CONFIG = "config.json"


def save_model(model: Model, folder: Path, about: Mapping[str, Any] | None = None) -> None:
    """Write the model into `folder`; `about` (run name, parameters) is kept in config.json beside what builds it."""
    write_json(folder / CONFIG, {**(about or {}), "model": model.config.model_dump()})
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in model.state_dict().items()}
    with atomic_file(folder / WEIGHTS) as temporary:
        temporary.write_bytes(save(tensors, UNSEALED))
        seal(temporary)


def load_model(folder: Path, device: torch.device | str = "cpu") -> Model:
    """Read a model that `train` wrote, ready to predict (no dropout), on `device`.

    Raises ContractError where a file is missing, broken, or weights and configuration do not fit each other.
    """
    model = build_model(read_config(folder))
    try:
        check_seal(folder / WEIGHTS)
        model.load_state_dict(load_file(folder / WEIGHTS))
    except FileNotFoundError:
        raise ContractError(f"{folder / WEIGHTS} does not exist; run the `train` stage first") from None
    except (SafetensorError, OSError, RuntimeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise ContractError(
            f"{folder / WEIGHTS} does not fit its {CONFIG} or is broken ({reason}); train it again"
        ) from None
    return model.to(device).eval()


def read_config(folder: Path) -> RelationConfig:
    """Read what builds the model in `folder`."""
    try:
        described = read_about(folder)["model"]
        return MODELS[described["kind"]].Config.model_validate(described)
    except (KeyError, TypeError, ValidationError) as error:
        reason = " ".join(str(error).split())[:200]
        raise ContractError(
            f"{folder / CONFIG} does not describe a model ({reason}); train it again"
        ) from None


def read_about(folder: Path) -> dict[str, Any]:
    """Read all that config.json says: what builds the model, and what `train` kept beside it."""
    path = folder / CONFIG
    content = read_json(path, "run the `train` stage first")
    if not isinstance(content, dict):
        raise ContractError(f"{path} does not describe a model (no JSON object); train it again")
    return content
