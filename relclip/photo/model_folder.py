"""A model folder: everything that a photo needs, without pipeline, params.yaml or data. Written by `relclip export`.

relclip.json (what no model's own file says), vocabulary.json, relation/ (the relation model), encoder/ (may be left out
where its digest is enough), detector/ (where there is one), kb/triplets.parquet (what captions said), README.md, and
digests.json of all but the card, which its owner may edit.
"""

import json
import shutil
from collections.abc import Collection
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError
from torch import nn

from relclip import __version__
from relclip.core.atomic import atomic_folder, check_own, write_json, write_text
from relclip.core.digest import DIGESTS, changed, file_digest, write_digests
from relclip.core.errors import InputError, first_fault
from relclip.core.extras import installed
from relclip.core.json_file import read_json
from relclip.core.params.base import MOST_PIXELS, Closed
from relclip.core.params.clip import ObjectPrompt, TripletPrompt
from relclip.core.params.detector import Detector
from relclip.core.params.predict import Predict
from relclip.core.params.train import RankBy
from relclip.core.parquet import TRIPLETS, count_rows
from relclip.core.trained import CONFIG, WEIGHTS
from relclip.core.vocabulary import load_vocabulary
from relclip.detector.files import config_of
from relclip.detector.network import build as build_detector
from relclip.encoder.encoder import CONFIG as ENCODER_CONFIG
from relclip.encoder.encoder import WEIGHTS as ENCODER_WEIGHTS
from relclip.encoder.known import hub_names
from relclip.model import RelationConfig, build_model, read_config
from relclip.model.files import CONTRAST, build_contrast
from relclip.photo.about import About, Text, card, read_beside
from relclip.photo.source import Source
from relclip.photo.untrusted import check_encoder, check_files, check_fit
from relclip.predict.predictor import Fitted
from relclip.predict.request import Inputs, Prompts, Request

DESCRIPTION, CARD = "relclip.json", "README.md"
#: What of the encoder's folder is copied: not the curves of its training.
_ENCODER_SKIPS = ("curve.csv", "*.partial")
#: What a model folder holds, as patterns.
_OWN = (
    DESCRIPTION,
    CARD,
    DIGESTS,
    "vocabulary.json",
    *(f"{name}/*" for name in ("relation", "encoder", "texts", "detector", "kb")),
)
_MADE_WITH = ("torch", "open_clip_torch", "torchvision")
#: Of a knowledge base's table, which is dense: ten times Visual Genome's 150 x 50.
MOST_TRIPLETS = 1 << 24
_ADVICE = "take the folder as `relclip export` wrote it"


class KnownAs(Closed):
    """The encoder: its name, where its weights came from, and the SHA-256 of open_clip_model.safetensors."""

    name: Text
    weights: Text
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Description(Closed):
    """relclip.json."""

    format: Literal[1] = 1
    made_with: dict[Text, Text]
    run: Text
    trained_run: Text
    predict: Predict
    rank_by: RankBy
    map_size: int = Field(ge=8, le=MOST_PIXELS)
    predicate_temperature: float = Field(gt=0.0)
    object_temperature: float = Field(gt=0.0)
    matching_weight: float = Field(ge=0.0, le=1.0)
    object_prompt: ObjectPrompt
    triplet_prompt: TripletPrompt
    encoder: KnownAs
    about: About


def is_export(folder: Path) -> bool:
    """Whether `relclip export` wrote this folder."""
    return (folder / DESCRIPTION).is_file()


def write_export(source: Source, output: Path, *, encoder: bool = True, licence: str = "unknown") -> None:
    """Write `output` whole or not at all. `encoder`: its files too, not its name and digest alone.

    Raises InputError where `output` holds something else, which would be gone.
    """
    description = _described(source)
    vocabulary = source.inputs.dataset / "vocabulary.json"
    check_own(output, DESCRIPTION, _OWN)
    with atomic_folder(output) as folder:
        write_json(folder / DESCRIPTION, description.model_dump(mode="json"))
        shutil.copyfile(vocabulary, folder / "vocabulary.json")
        _copy(source.inputs.model, folder / "relation", [WEIGHTS, CONFIG])
        skip = shutil.ignore_patterns(*_ENCODER_SKIPS)
        if encoder:
            shutil.copytree(source.encoder, folder / "encoder", ignore=skip)
        texts = source.inputs.encoder
        if texts and texts != source.encoder:
            shutil.copytree(texts, folder / "texts", ignore=skip)
        if source.detector:
            _copy(source.detector, folder / "detector", [WEIGHTS, CONFIG])
        known = source.knowledge / "kb" / "triplets.parquet"
        if known.is_file():
            _copy(known.parent, folder / "kb", [known.name])
        text = card(
            source.about,
            load_vocabulary(vocabulary),
            name=output.name,
            encoder=description.encoder.model_dump(),
            needs=f"relclip[photo{',transformers' if _read_by_transformers(source) else ''}]",
            has_detector=source.detector is not None,
            licence=licence,
            size=size_of(folder),
        )
        write_digests(folder, *(path for path in folder.rglob("*") if path.is_file()))
        write_text(folder / CARD, text)
        exported_source(folder, source.encoder)  # what cannot be read again is not handed over


def _read_by_transformers(source: Source) -> bool:
    return bool(hub_names(read_json(source.encoder / ENCODER_CONFIG, _ADVICE)["model_cfg"]))


def size_of(folder: Path) -> int:
    """Bytes of all files in it."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def exported_source(folder: Path, encoder: Path | None = None) -> Source:
    """What `write_export` wrote. `encoder`: the encoder's folder where it lies elsewhere; its digest must be the same.

    Raises InputError or ContractError where the folder is not whole, or holds what `relclip.photo.untrusted` refuses.
    """
    check_files(folder)
    _check_whole(folder)
    description = _description(folder / DESCRIPTION)
    detector, place = folder / "detector", _encoder(folder, description.encoder, encoder)
    source = Source(
        request=Request(
            description.run,
            description.trained_run,
            description.predict,
            description.rank_by,
            Prompts(description.object_prompt, description.triplet_prompt),
        ),
        inputs=Inputs(
            folder / "relation",
            folder,
            folder,
            folder / "kb" if description.predict.kb_mask else None,
            texts if (texts := folder / "texts").is_dir() else place,
        ),
        encoder=place,
        detector=detector if detector.is_dir() else None,
        map_size=description.map_size,
        fitted=Fitted(
            description.predicate_temperature, description.object_temperature, description.matching_weight
        ),
        about=description.about,
        knowledge=folder,
    )
    _check(source)
    return source


def _check_whole(folder: Path) -> None:
    """Raise InputError where a file is not as it was exported, or missing from a folder that is there."""
    for path in changed(folder, _ADVICE, InputError):
        if path.parent.is_dir():
            raise InputError(f"{path} is missing, damaged or was changed since; {_ADVICE}")


def _described(source: Source) -> Description:
    said = read_beside(source.encoder / "statistics.json")
    small = "the small CLIP of relclip" if said.get("source") == "pretrain" else source.encoder.name
    name, weights = said.get("model") or small, said.get("weights") or said.get("source")
    digest = file_digest(source.encoder / ENCODER_WEIGHTS)
    return Description(
        made_with={"relclip": __version__, **installed(_MADE_WITH)},
        run=source.request.run,
        trained_run=source.request.trained_run,
        predict=source.request.params,
        rank_by=source.request.rank_by,
        map_size=source.map_size,
        **asdict(source.fitted),
        object_prompt=source.request.prompts.object,
        triplet_prompt=source.request.prompts.triplet,
        encoder=KnownAs(name=str(name), weights=str(weights or "unknown"), sha256=digest),
        about=source.about,
    )


def _copy(folder: Path, to: Path, names: list[str]) -> None:
    to.mkdir()
    for name in names:
        shutil.copyfile(folder / name, to / name)


def _description(path: Path) -> Description:
    try:
        content = read_json(path, _ADVICE, InputError)
        # as JSON again: in a value of Python `about` would have to be an About already
        return Description.model_validate_json(json.dumps(content))
    except ValidationError as error:
        raise InputError(f"{path}: {first_fault(error)}; {_ADVICE}, or a newer relclip") from None


def _encoder(folder: Path, known: KnownAs, elsewhere: Path | None) -> Path:
    """The encoder's folder: in the export, or `elsewhere` with the same weights."""
    inside = folder / "encoder"
    if inside.is_dir() and elsewhere is None:
        return inside
    if elsewhere is None:
        raise InputError(
            f"{folder} holds no encoder; it was made with {known.name} ({known.weights}), whose {ENCODER_WEIGHTS} has "
            f"the SHA-256 {known.sha256}: give the folder that `relclip clip` makes of it with --encoder"
        )
    path = elsewhere / ENCODER_WEIGHTS
    met = file_digest(path) if path.is_file() else "nothing"
    if met != known.sha256:
        raise InputError(f"{path} has the SHA-256 {met}; {folder} was made with {known.name}, {known.sha256}")
    return elsewhere


def _check(source: Source) -> None:
    """Whether every weights file is what its configuration says, before any of them is loaded."""
    relation, folder = source.inputs.model, source.inputs.dataset
    config, vocabulary = read_config(relation), load_vocabulary(folder / "vocabulary.json")
    check_fit(relation / WEIGHTS, lambda names: _built(config, names))
    for encoder in {source.encoder, source.inputs.encoder or source.encoder}:
        check_encoder(encoder, (ENCODER_CONFIG, ENCODER_WEIGHTS))
    if source.detector:
        detector = config_of(Detector(weights=str(source.detector)), vocabulary)
        check_fit(source.detector / WEIGHTS, lambda _: build_detector(detector))
    known = folder / "kb" / "triplets.parquet"
    triplets = (len(vocabulary.objects) + 1) ** 2 * len(vocabulary.predicates)
    if known.is_file() and triplets > MOST_TRIPLETS:
        raise InputError(f"{known}: a vocabulary with {triplets:,} triplets is more than {MOST_TRIPLETS:,}")
    if known.is_file() and count_rows(known, TRIPLETS) > triplets:
        raise InputError(f"{known} has more rows than the vocabulary has triplets; {_ADVICE}")


def _built(config: RelationConfig, names: Collection[str]) -> nn.Module:
    """The network that these tensors fill, with the contrast beside it that some of them are of."""
    model = build_model(config)
    if any(name.startswith(CONTRAST) for name in names):
        model.add_module(CONTRAST.rstrip("."), build_contrast(names, config.dimension))
    return model
