"""Everything that a scene graph is made with, read from where its source says."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from pydantic import ValidationError
from torchvision.models.detection import FasterRCNN

from relclip.compute.device import best_device
from relclip.core.errors import ContractError, InputError, first_fault
from relclip.core.json_file import read_json
from relclip.core.params.detector import Detector
from relclip.core.trained import CONFIG, WEIGHTS
from relclip.core.vocabulary import Vocabulary, load_vocabulary
from relclip.detector.files import config_of, load_detector
from relclip.detector.proposals import prepare_model
from relclip.encoder.encoder import Encoder, load_encoder
from relclip.photo.about import About
from relclip.photo.graph import printable
from relclip.photo.source import Source
from relclip.photo.user_boxes import as_known
from relclip.predict.matching import load_matcher
from relclip.predict.predictor import Predictor
from relclip.predict.request import Inputs

#: Letters of a predicate that a user names.
LONGEST = 100
NOT_TRAINED = "not trained, and words alone often fail"
NOT_READ = "read as words that its CLIP never learnt, all alike, so that their scores mean nothing"


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
    predicates: tuple[str, ...]  # in the order of the scores' columns

    @property
    def inputs(self) -> Inputs:
        """The folders that the relation model was read from."""
        return self.source.inputs

    @property
    def about(self) -> About:
        """What the relation model was trained on, and which of the predicates it was not."""
        about, matcher = self.source.about, self.predictor.matcher
        if not matcher:
            return about
        untrained, unread = (
            [f"'{name}'" for name in self.predicates if name in names]
            for names in (matcher.untrained, matcher.unread)
        )
        said = [
            f"{_were(names)} {what}"
            for names, what in ((untrained, NOT_TRAINED), (unread, NOT_READ))
            if names
        ]
        return replace(about, warning="; ".join(filter(None, [about.warning, *said])))


def _were(names: Sequence[str]) -> str:
    return f"{', '.join(names)} {'was' if len(names) == 1 else 'were'}"


def load_models(source: Source, device: str = "auto", predicates: Sequence[str] = ()) -> Models:
    """Read the models. `predicates`: these are matched with the pairs by their words, instead of the model's own.

    Raises ContractError or InputError where a file is broken, they do not belong together, or nothing can be matched.
    """
    place = best_device(device)
    predictor = Predictor.load(source.request, source.inputs, device)
    predictor.fitted = source.fitted
    vocabulary = load_vocabulary(source.inputs.dataset / "vocabulary.json")
    encoder = load_encoder(source.encoder, place)
    if predicates:
        predicates = _checked(predicates, vocabulary)
        shared = encoder if source.inputs.encoder == source.encoder else None
        predictor.matcher = load_matcher(
            source.inputs,
            vocabulary,
            source.request.prompts,
            place,
            encoder=shared,
            further=predicates,
        )
        predictor.columns = torch.tensor(
            [predictor.matcher.names.index(name) for name in predicates], device=place
        )
    finder = _finder(source.detector, vocabulary, place) if source.detector else None
    return Models(
        source=source,
        vocabulary=vocabulary,
        predictor=predictor,
        encoder=encoder,
        finder=finder,
        predicates=tuple(predicates) or vocabulary.predicates,
    )


def _checked(predicates: Sequence[str], vocabulary: Vocabulary) -> Sequence[str]:
    """The names, one of the vocabulary's as it stands there. Raises InputError for one that is none, or comes twice."""
    if isinstance(predicates, str):
        raise InputError(
            f"predicates is a list of names, met '{printable(predicates)[:LONGEST]}'; put it in brackets"
        )
    known = vocabulary.predicate_ids
    names = [as_known(name, known) for name in predicates]
    for place, name in enumerate(names):
        if not name.strip() or not name.isprintable() or len(name) > LONGEST or name in names[:place]:
            raise InputError(
                f"the predicate '{printable(name)[:LONGEST]}' is empty, comes twice, has control letters or more than "
                f"{LONGEST} letters; give words such as behind,wearing"
            )
    return names


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
