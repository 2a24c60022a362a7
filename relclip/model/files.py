"""A trained model on disk, without pickle: weights, what builds it (config.json), and whether it fits data.

What a contrast learned lies beside the network's weights, under names that begin with CONTRAST.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import torch
from pydantic import ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from relclip.compute.seal import UNSEALED, check_seal, write_sealed
from relclip.core.atomic import write_json
from relclip.core.errors import ContractError, errors_as, first_fault, one_line
from relclip.core.json_file import read_json
from relclip.core.trained import CONFIG, WEIGHTS
from relclip.core.vocabulary import Vocabulary
from relclip.model.base import Model, RelationConfig
from relclip.model.contrast import LEVELS, Projections
from relclip.model.registry import MODELS, build_model

CONTRAST = "contrast."
Module = TypeVar("Module", bound=nn.Module)


def save_model(
    model: Model,
    folder: Path,
    about: Mapping[str, Any] | None = None,
    contrast: Projections | None = None,
) -> None:
    """Write the model into `folder`; `about` (run name, parameters) is kept in config.json beside what builds it.

    `contrast`: what RCL trained with it, left out where it has no level.
    """
    write_json(folder / CONFIG, {**(about or {}), "model": model.config.model_dump()})
    tensors = dict(model.state_dict())
    if contrast and contrast.levels:
        learned = contrast.state_dict()
        tensors |= {CONTRAST + name: learned[name] for name in learned if not name.startswith("memory.")}
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    write_sealed(folder / WEIGHTS, save(tensors, UNSEALED))


def load_model(folder: Path, device: torch.device | str = "cpu") -> Model:
    """Read a model that `train` wrote, ready to predict (no dropout), on `device`.

    Raises ContractError where a file is missing, broken, or weights and configuration do not fit each other.
    """
    model = build_model(read_config(folder))
    weights = _read(folder, lambda name: not name.startswith(CONTRAST))
    return _filled(model, weights, folder).to(device).eval()


def load_contrast(folder: Path, device: torch.device | str = "cpu") -> Projections | None:
    """Read what RCL learned beside that model; None where it was trained without. Raises ContractError likewise."""
    weights = _read(folder, lambda name: name.startswith(CONTRAST))
    if not weights:
        return None
    contrast = build_contrast(weights, read_config(folder).dimension)
    return (
        _filled(contrast, {name.removeprefix(CONTRAST): weights[name] for name in weights}, folder)
        .to(device)
        .eval()
    )


def build_contrast(names: Iterable[str], dimension: int) -> Projections:
    """The contrast, untrained, that has these names of tensors in model.safetensors."""
    known = {level for levels in LEVELS.values() for level in levels}
    ours = {name.split(".")[2] for name in names if name.startswith(f"{CONTRAST}visual.")}
    return Projections(sorted(known & ours), dimension)


def _read(folder: Path, wanted: Callable[[str], bool]) -> dict[str, Tensor]:
    """The tensors of these names."""
    path = folder / WEIGHTS
    try:
        check_seal(path)
        with safe_open(path, "pt") as file:
            return {name: file.get_tensor(name) for name in file.keys() if wanted(name)}  # noqa: SIM118
    except FileNotFoundError:
        raise ContractError(f"{path} does not exist; run the `train` stage first") from None
    except (SafetensorError, OSError) as error:
        raise _unfit(folder, error) from None


def _filled(module: Module, weights: dict[str, Tensor], folder: Path) -> Module:
    with errors_as(partial(_unfit, folder)):
        module.load_state_dict(weights)
    return module


def _unfit(folder: Path, error: Exception) -> ContractError:
    reason = one_line(error)
    return ContractError(
        f"{folder / WEIGHTS} does not fit its {CONFIG} or is broken ({reason}); train it again"
    )


def read_config(folder: Path) -> RelationConfig:
    """Read what builds the model in `folder`."""
    try:
        described = read_about(folder)["model"]
        return MODELS[described["kind"]].Config.model_validate(described)
    except (KeyError, TypeError, ValidationError) as error:
        raise ContractError(
            f"{folder / CONFIG} does not describe a model ({first_fault(error)}); train it again"
        ) from None


def read_about(folder: Path) -> dict[str, Any]:
    """Read all that config.json says: what builds the model, and what `train` kept beside it."""
    path = folder / CONFIG
    content = read_json(path, "run the `train` stage first")
    if not isinstance(content, dict):
        raise ContractError(f"{path} does not describe a model (no JSON object); train it again")
    return content


def check_vocabulary(folder: Path, model: Model, vocabulary: Vocabulary) -> None:
    """Raise ContractError where the model in `folder` was trained for other classes or predicates than these.

    A config.json that does not name them is judged by their numbers.
    """
    config = model.config
    _check(folder, "object classes", config.object_classes, len(vocabulary.objects))
    _check(folder, "predicates", config.predicates, len(vocabulary.predicates))
    known = read_about(folder).get("vocabulary")
    met = {"objects": list(vocabulary.objects), "predicates": list(vocabulary.predicates)}
    if known is not None and known != met:
        raise ContractError(
            f"the model in {folder} was trained for other classes or predicates than vocabulary.json names; give the "
            "data set it was trained on, or train on this one"
        )


def check_channels(folder: Path, model: Model, channels: int) -> None:
    """Raise ContractError where the model in `folder` was trained on maps of another encoder, with other channels."""
    _check(folder, "channels", model.config.channels, channels)


def _check(folder: Path, name: str, built: int, met: int) -> None:
    if built != met:
        raise ContractError(
            f"the model in {folder} was trained for {built} {name}, the data have {met}; give the data set and the "
            "features it was trained on, or train on these"
        )
