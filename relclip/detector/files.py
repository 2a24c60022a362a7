"""A detector on disk: model.safetensors and config.json, or anybody's weights of the same network. No pickle."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from pydantic import ValidationError
from safetensors.torch import load_file, save
from torch import Tensor
from torchvision.models.detection import FasterRCNN

from relclip.compute.seal import UNSEALED, check_seal, write_sealed
from relclip.core.atomic import write_json
from relclip.core.errors import ContractError, InputError, errors_as, first_fault, no_file, one_line
from relclip.core.json_file import read_json
from relclip.core.params.detector import Detector
from relclip.core.trained import CONFIG, WEIGHTS
from relclip.core.vocabulary import Vocabulary
from relclip.detector.network import DetectorConfig, build

Weights = dict[str, Tensor]


def save_detector(
    folder: Path, model: FasterRCNN, config: DetectorConfig, vocabulary: Vocabulary, about: Mapping[str, Any]
) -> None:
    """Write the folder form; `about` is kept in config.json beside what builds the model and its classes."""
    objects = list(vocabulary.objects)
    write_json(folder / CONFIG, {**about, "model": config.model_dump(), "objects": objects})
    tensors = {name: value.detach().cpu().contiguous() for name, value in model.state_dict().items()}
    write_sealed(folder / WEIGHTS, save(tensors, UNSEALED))


def config_of(settings: Detector, vocabulary: Vocabulary) -> DetectorConfig:
    """What builds the detector: given weights in a folder say it themselves, else params.yaml does.

    Raises ContractError where the folder's detector knows other classes, InputError where it is broken.
    """
    weights = Path(settings.weights) if settings.weights else None
    if weights is None or not weights.is_dir():
        size = settings.image_size
        frozen, classes = settings.start != "none", len(vocabulary.objects)
        return DetectorConfig(
            backbone=settings.backbone, image_size=size, classes=classes, frozen_norm=frozen
        )
    path = weights / CONFIG
    try:
        content = read_json(path, _ALLOWED, InputError)
        config, objects = DetectorConfig.model_validate(content["model"]), content["objects"]
    except (ValueError, KeyError, TypeError, ValidationError) as error:
        raise InputError(f"{path} does not describe a detector ({first_fault(error)}); {_ALLOWED}") from None
    if objects != list(vocabulary.objects) or config.classes != len(objects):
        raise ContractError(
            f"the detector in {weights} knows other object classes than the data set; train one on it, or give weights "
            "for its vocabulary.json"
        )
    return config


def load_detector(path: Path, config: DetectorConfig) -> FasterRCNN:
    """A detector with the weights of `path`: a folder of ours, a safetensors file, or one of torch without code.

    Raises InputError where the file is missing, broken, or holds the weights of another network.
    """
    model = build(config)
    weights = _read(path / WEIGHTS if path.is_dir() else path)
    with errors_as(
        lambda error: InputError(
            f"{path} holds no weights of the {config.backbone} detector with {config.classes} classes "
            f"({one_line(error)}); set detector.backbone, or train one"
        )
    ):
        model.load_state_dict(weights)
    return model


def _read(path: Path) -> Weights:
    if not path.is_file():
        raise InputError(f"detector.weights: {path} {no_file(path)}; {_ALLOWED}")
    with errors_as(
        lambda error: InputError(f"detector.weights: {path} cannot be read ({one_line(error)}); {_ALLOWED}")
    ):
        if path.suffix == ".safetensors":
            check_seal(path)
            return load_file(path)
        content = torch.load(path, map_location="cpu", weights_only=True)
    # torchvision's own training script keeps the weights under "model", beside the optimiser's state
    weights = content.get("model", content) if isinstance(content, dict) else None
    if not isinstance(weights, dict) or not all(isinstance(value, Tensor) for value in weights.values()):
        raise InputError(f"detector.weights: {path} holds no table of weights; {_ALLOWED}")
    return weights


_ALLOWED = "give a folder that relclip.detector wrote, a .safetensors file, or a .pt file of plain weights"
