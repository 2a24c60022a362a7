"""What every method of refinement is given, the trained run it starts from included, and what it gives back."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import ValidationError

from relclip.core.errors import ContractError, one_line
from relclip.core.params.train import Refined, Train
from relclip.core.parquet import RELATIONS, read_table
from relclip.core.vocabulary import Vocabulary
from relclip.model import Model, check_channels, check_vocabulary, load_model, read_about
from relclip.train.inputs import Inputs
from relclip.train.labels import Labels, of_pairs, people_labels
from relclip.train.setup import Material
from relclip.train.withheld import pairs_trained_on


@dataclass(frozen=True, eq=False)
class Start:
    """A trained network and the parameters it was trained with."""

    model: Model
    params: Train


def load_start(
    run: str, folder: Path, params: Refined, *, vocabulary: Vocabulary, channels: int, device: torch.device
) -> Start:
    """Read what `run` starts from: in `folder` must be `params.start`, of this vocabulary and maps of `channels`.

    Raises ContractError, or ParamsError where the method cannot start from such a run.
    """
    model = load_model(folder, device)
    about = read_about(folder)
    if about.get("run") != params.start:
        raise ContractError(
            f"{folder} holds the run '{about.get('run')}', but the entry starts from '{params.start}'; give the folder "
            f"of '{params.start}' as --start"
        )
    check_vocabulary(folder, model, vocabulary)
    check_channels(folder, model, channels)
    try:
        trained = Train.model_validate(about.get("train"))
    except ValidationError as error:
        reason = one_line(error)
        raise ContractError(
            f"{folder / 'config.json'} does not say how '{params.start}' was trained ({reason}); train it again"
        ) from None
    params.check_start(run, trained)
    return Start(model, trained)


@dataclass(frozen=True, eq=False)
class Sources:
    """Where the labels (E,) of a run came from, and which of them it kept."""

    weights: NDArray[np.float32]  # (E,) trained on
    kept: NDArray[np.bool_]  # (E,)
    clip: NDArray[np.float32] | None = None  # (E,) softmax over the candidates
    model: NDArray[np.float32] | None = None  # (E,) softmax over the candidates


@dataclass(frozen=True, eq=False)
class Task:
    """What is refined: the parameters, where to start, the candidates that `supervision` labels."""

    params: Refined
    start: Start
    candidates: Labels
    predicates: tuple[str, ...]
    annotated: Labels | None = None  # for visualds_semi

    @property
    def clip(self) -> NDArray[np.float32] | None:
        """CLIP's share (E,) of each candidate, where the run is supervised by CLIP too."""
        return self.candidates.weights if self.params.supervision == "kb+ext" else None


@dataclass(frozen=True, eq=False)
class Refinement:
    """What a method made: a network, where the labels it was trained on came from, what was counted."""

    model: Model
    sources: Sources
    counts: dict[str, Any]


def load_task(
    run: str, params: Refined, start: Path, *, inputs: Inputs, material: Material, candidates: Labels
) -> Task:
    """Read what `run` goes on from. Raises ContractError, ParamsError where it does not fit."""
    vocabulary = material.vocabulary
    begun = load_start(
        run,
        start,
        params,
        vocabulary=vocabulary,
        channels=material.images.maps.shape[3],
        device=material.device,
    )
    by_people = None
    if params.method == "visualds_semi":
        relations = read_table(inputs.dataset / "relations.parquet", RELATIONS)
        labels, _ = people_labels(material.images, relations, params, vocabulary)
        by_people = of_pairs(labels, pairs_trained_on(material.images, params))
    return Task(params, begun, candidates, vocabulary.predicates, by_people)


def slower(params: Refined, rate: float, **changes: Any) -> Train:
    """The parameters of a phase: `rate` times the learning rate, and other changes."""
    return params.model_copy(update={"learning_rate": params.learning_rate * rate, **changes})
