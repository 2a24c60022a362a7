"""Everything that a scene graph is made with, read from where its source says."""

from dataclasses import dataclass
from pathlib import Path

import torch
from pydantic import ValidationError
from torchvision.models.detection import FasterRCNN

from relclip.compute.device import best_device
from relclip.core.errors import ContractError
from relclip.core.json_file import read_json
from relclip.core.params.detector import Detector
from relclip.core.vocabulary import Vocabulary, load_vocabulary
from relclip.detector.files import config_of, load_detector
from relclip.detector.proposals import prepare_model
from relclip.encoder.encoder import Encoder, load_encoder
from relclip.photo.about import About
from relclip.photo.source import Source
from relclip.predict.predictor import Predictor
from relclip.predict.request import WEIGHTS, Inputs


@dataclass(frozen=True)
class Finder:
    """The detector with how it is asked; `size` is the longest side of its pictures."""

    network: FasterRCNN
    settings: Detector
    size: int
    weights: Path


@dataclass(frozen=True)
class Models:
    """The detector (None: there is none, boxes must be given), the encoder and the relation model."""

    source: Source
    vocabulary: Vocabulary
    predictor: Predictor
    encoder: Encoder
    finder: Finder | None

    @property
    def inputs(self) -> Inputs:
        """The folders that the relation model was read from."""
        return self.source.inputs

    @property
    def about(self) -> About:
        """What the relation model was trained on."""
        return self.source.about


def load_models(source: Source, device: str = "auto") -> Models:
    """Read the models. Raises ContractError or InputError where one is broken or they do not belong together."""
    place = best_device(device)
    predictor = Predictor.load(source.request, source.inputs, device)
    predictor.temperatures = source.temperatures
    vocabulary = load_vocabulary(source.inputs.dataset / "vocabulary.json")
    finder = _finder(source.detector, vocabulary, place) if source.detector else None
    return Models(source, vocabulary, predictor, load_encoder(source.encoder, place), finder)


def _finder(folder: Path, vocabulary: Vocabulary, device: torch.device) -> Finder:
    """The detector that the stage wrote, with the settings it was trained and asked with."""
    said = read_json(folder / "config.json", "run the `detector` stage first, or give --boxes")
    try:
        settings = Detector.model_validate(said["detector"]).model_copy(update={"weights": str(folder)})
    except (KeyError, TypeError, ValidationError) as error:
        reason = " ".join(str(error).split())[:200]
        raise ContractError(
            f"{folder / 'config.json'} does not say how its detector was made ({reason}); run that stage again"
        ) from None
    config = config_of(settings, vocabulary)
    network = prepare_model(load_detector(folder, config), settings).to(device)
    return Finder(network, settings, config.image_size, folder / WEIGHTS)
