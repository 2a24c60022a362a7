"""Everything that a scene graph is made with, read from where its source says."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from pydantic import ValidationError
from torchvision.models.detection import FasterRCNN

from relclip.compute.device import best_device
from relclip.core.errors import ContractError, first_fault
from relclip.core.json_file import read_json
from relclip.core.params.detector import Detector
from relclip.core.trained import CONFIG, WEIGHTS
from relclip.core.vocabulary import Vocabulary, load_vocabulary
from relclip.detector.files import config_of, load_detector
from relclip.detector.proposals import prepare_model
from relclip.encoder.encoder import Encoder, load_encoder
from relclip.photo.about import About
from relclip.photo.asked import Asked, by_classifier
from relclip.photo.source import Source
from relclip.predict.matching import held_out
from relclip.predict.predictor import Predictor
from relclip.predict.request import Inputs


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
    asked: Asked | None  # the predicates that the user named

    @property
    def inputs(self) -> Inputs:
        """The folders that the relation model was read from."""
        return self.source.inputs

    @property
    def predicates(self) -> tuple[str, ...]:
        """In the order of the scores' columns."""
        return tuple(self.asked.names) if self.asked else self.vocabulary.predicates

    @property
    def about(self) -> About:
        """What the relation model was trained on, and which of the predicates it was not."""
        about = self.source.about
        warnings = self.asked.warnings if self.asked else []
        return replace(about, warning="; ".join(filter(None, [about.warning, *warnings])))


def load_models(source: Source, device: str = "auto", predicates: Sequence[str] = ()) -> Models:
    """Read the models. `predicates`: look for these instead of the model's own.

    Raises ContractError or InputError where a file is broken, they do not belong together, or a predicate is no words.
    """
    place = best_device(device)
    if predicates:
        source = replace(source, request=by_classifier(source.request))
    predictor = Predictor.load(source.request, source.inputs, device)
    predictor.fitted = source.fitted
    vocabulary = load_vocabulary(source.inputs.dataset / "vocabulary.json")
    encoder = load_encoder(source.encoder, place)
    asked = None
    if predicates:
        reads = source.inputs.encoder or source.encoder
        asked = Asked(
            predicates,
            vocabulary,
            encoder if reads == source.encoder else load_encoder(reads, place),
            source.request.prompts,
            held_out=held_out(source.inputs.model),
            rank_by=source.request.rank_by,
        )
    return Models(
        source=source,
        vocabulary=vocabulary,
        predictor=predictor,
        encoder=encoder,
        finder=_finder(source.detector, vocabulary, place) if source.detector else None,
        asked=asked,
    )


def _finder(folder: Path, vocabulary: Vocabulary, device: torch.device) -> Finder:
    """The detector that the stage wrote, with the settings it was trained and asked with."""
    said = read_json(folder / CONFIG, "run the `detector` stage first, or give --boxes")
    try:
        settings = Detector.model_validate(said["detector"]).model_copy(update={"weights": str(folder)})
    except (KeyError, TypeError, ValidationError) as error:
        raise ContractError(
            f"{folder / 'config.json'} does not say how its detector was made ({first_fault(error)}); run that stage"
            " again"
        ) from None
    config = config_of(settings, vocabulary)
    network = prepare_model(load_detector(folder, config), settings).to(device)
    return Finder(network, settings, config.image_size, folder / WEIGHTS)
