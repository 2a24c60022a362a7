"""Everything that a scene graph is made with, read from the folder that `make tables` filled."""

import difflib
from dataclasses import dataclass
from pathlib import Path

import torch
from pydantic import ValidationError
from torchvision.models.detection import FasterRCNN

from relclip.compute.device import best_device
from relclip.core.errors import ContractError, InputError
from relclip.core.json_file import read_json
from relclip.core.params.detector import Detector
from relclip.core.params.whole import Params, load_params
from relclip.core.vocabulary import Vocabulary, load_vocabulary
from relclip.detector.files import config_of, load_detector
from relclip.detector.proposals import prepare_model
from relclip.encoder.encoder import Encoder, load_encoder
from relclip.model.files import read_about
from relclip.photo.about import About, about_run
from relclip.predict.predictor import Predictor, Temperatures
from relclip.predict.request import WEIGHTS, Inputs, Request

#: The run that is taken where none is named.
USUAL = "relclip_kb_ext"
_MAKE = "run `make tables` first, or name the folder that holds its results with --data"


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

    vocabulary: Vocabulary
    predictor: Predictor
    inputs: Inputs
    encoder: Encoder
    encoder_folder: Path
    map_size: int  # pixels of a squashed picture
    finder: Finder | None
    about: About
    keep: int


def load_models(
    data: Path, run: str | None = None, device: str = "auto", params: Path | None = None
) -> Models:
    """Read the models of `run` (default: relclip_kb_ext, else the first that is trained here).

    `params`: the params.yaml they were made with; by default the one beside `data`. Raises InputError or ContractError
    where something is missing, broken or does not belong together.
    """
    if not data.is_dir():
        raise InputError(f"there is no folder {data}; {_MAKE}")
    path = params or data.absolute().parent / "params.yaml"  # a link to a larger disk stays a neighbour
    if not path.is_file():
        raise InputError(f"{path} does not exist; say with --params which params.yaml made {data}")
    content = load_params(path)
    request = Request.of(content, choose_run(content, data, run))
    inputs = _inputs(data, request)
    config = read_about(inputs.model)
    predictor = Predictor.load(request, inputs, device)
    predictor.temperatures = _temperatures(data, request)
    features = str((config.get("train") or {}).get("features", "clip"))
    folder = data / "clip" / ("model" if features == "clip" else features)
    vocabulary = load_vocabulary(inputs.dataset / "vocabulary.json")
    return Models(
        vocabulary=vocabulary,
        predictor=predictor,
        inputs=inputs,
        encoder=load_encoder(folder, best_device(device)),
        encoder_folder=folder,
        map_size=content.features.image_size,
        finder=_finder(data / "detector", vocabulary, best_device(device)),
        about=about_run(content, data, request.run, config),
        keep=request.params.keep,
    )


def choose_run(params: Params, data: Path, name: str | None) -> str:
    """The entry of runs, refined or predictions to use. Raises InputError where it is unknown or not trained here."""
    known = [*params.runs, *params.refined, *params.predictions]
    trained = [one for one in known if (data / "train" / params.prediction(one)[0] / WEIGHTS).is_file()]
    if not trained:
        raise InputError(f"{data} holds no trained model; {_MAKE}")
    if name is None:
        return USUAL if USUAL in trained else trained[0]
    if name in trained:
        return name
    near = difflib.get_close_matches(name, trained, n=1)
    hint = f", did you mean '{near[0]}'" if near else ""
    what = "is not trained here" if name in known else "is unknown"
    raise InputError(f"the run '{name}' {what}{hint}; trained in {data}: {', '.join(trained)}")


def _inputs(data: Path, request: Request) -> Inputs:
    return Inputs(
        model=data / "train" / request.trained_run,
        dataset=data / "dataset",
        features=data / "features",
        kb=data / "kb" if request.params.kb_mask else None,
    )


def _temperatures(data: Path, request: Request) -> Temperatures:
    """What calibration found on validation, where this request divides logits by it."""
    if not request.params.calibrate:
        return Temperatures()
    path = data / "predict" / request.run / "calibration.json"
    said = read_json(path, f"run `snakemake {path.parent / 'provenance.json'}` first")
    try:
        return Temperatures(float(said["predicate_temperature"]), float(said["object_temperature"]))
    except (KeyError, TypeError, ValueError):
        raise ContractError(f"{path} names no temperatures; predict {request.run} again") from None


def _finder(folder: Path, vocabulary: Vocabulary, device: torch.device) -> Finder | None:
    """The detector that the stage wrote, with the settings it was trained and asked with."""
    if not folder.is_dir():
        return None
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
