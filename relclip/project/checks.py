"""What can be said of params.yaml and this machine before anything runs: encoder, files, classes, room on the disk."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from relclip.core.errors import InputError, ParamsError, nearest, no_file
from relclip.core.params.raw import Raw
from relclip.core.params.whole import Params
from relclip.core.vocabulary import load_names
from relclip.dataset.names import lookup
from relclip.encoder.known import check_texts, check_weights, listed
from relclip.raw.sources import SOURCES

#: The largest part; where it is there, most of the room is taken already.
LARGEST = Path("data", "features")


def check_encoder(params: Params) -> None:
    """Raise InputError or ParamsError where no run could be trained with the encoder, or its heat maps not be drawn."""
    name, width = "the encoder", params.clip.pretrain.dimension
    if params.clip.source != "pretrain":
        config = listed(params.clip.model)
        if config is None:
            return
        check_texts(params.clip.model, config)
        if params.clip.weights is not None:
            check_weights(params.clip.model, params.clip.weights, config)
        if params.gradcam.runs and not _own_transformer(config["vision_cfg"]):
            raise ParamsError(
                f"gradcam.runs names {', '.join(params.gradcam.runs)}, and heat maps of CLIP need a vision transformer "
                f"of open_clip's own, which '{params.clip.model}' is not; set gradcam.runs to []"
            )
        name, width = f"'{params.clip.model}'", config["embed_dim"]
    for run in params.trained:
        settings = params.run(run)
        if settings.rcl.level != "none" and settings.dimension != width:
            raise ParamsError(
                f"train.dimension is {settings.dimension} for the run '{run}', but {name} has embeddings of {width} "
                f"numbers, and RelCLIP compares the two; set train.dimension to {width} (or rcl.level to none)"
            )


def _own_transformer(vision: Mapping[str, Any]) -> bool:
    return "timm_model_name" not in vision and isinstance(vision.get("layers", 0), int)


def check_files(params: Params) -> None:
    """Raise InputError where a name that may be of a download is of a file, and that is not there or not readable.

    No download has a folder or an ending in its name.
    """
    for key, name, allowed in (
        (
            "clip.weights",
            params.clip.source == "open_clip" and params.clip.weights,
            "weights as .safetensors, or a pretrained tag of open_clip",
        ),
        (
            "labels.weights",
            params.labels.make and params.labels.weights,
            "a .safetensors file of labels.model",
        ),
        (
            "words.source",
            params.word_vectors and params.words.source,
            "captions, vectors in word2vec's format, or a name of gensim's downloads",
        ),
    ):
        path = Path(name or ".")
        if name and ("/" in name or path.suffix) and not (path.is_file() and os.access(path, os.R_OK)):
            why = "cannot be read" if path.is_file() else no_file(path)
            raise InputError(f"{key} is '{name}', which {why}; give {allowed}")


def check_classes(params: Params) -> None:
    """Raise an error of one sentence where a list of classes is none, or a run holds out what is no predicate of it."""
    known = load_names(params.dataset.predicates, "dataset.predicates")
    for names, what in (
        (load_names(params.dataset.objects, "dataset.objects"), "object"),
        (known, "predicate"),
    ):
        lookup(names, what)
    for run in params.trained:
        for name in params.run(run).held_out if known else ():
            if name not in known:
                raise ParamsError(
                    f"train.held_out names the predicate '{name}' for the run '{run}'{nearest(name, known)}; "
                    "dataset.predicates has no such"
                )


def check_space(root: Path, raw: Raw) -> None:
    """Raise InputError where the pipeline starts from nothing and the disk of `root` has too little room for it."""
    if (root / LARGEST).exists():
        return
    free, needed = shutil.disk_usage(root).free, SOURCES[raw.source].room(raw)
    if free < needed:
        raise InputError(
            f"{root} has {free / 1e9:.1f} GB free, and the pipeline writes about {needed / 1e9:.1f} GB below it or "
            "more; free some, or move this folder to a larger disk, then run the same command again"
        )


def check_place(root: Path) -> None:
    """Raise InputError where `data` is a link: trainings would run for hours, and DVC then refuse their files."""
    data = root / "data"
    if data.is_symlink() and (root / ".dvc").is_dir():
        raise InputError(
            f"{data} is a link to {data.resolve()}, and DVC keeps no file behind a link; move the whole project there, "
            f"or take the link away and let the bytes lie there: dvc cache dir --local {data.resolve()}-cache, then "
            "dvc config --local cache.type symlink"
        )
