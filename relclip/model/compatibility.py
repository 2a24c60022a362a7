"""Whether a trained model belongs to the data that it is asked about."""

from pathlib import Path

from relclip.core.errors import ContractError
from relclip.core.vocabulary import Vocabulary
from relclip.model.base import Model
from relclip.model.files import read_about


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
