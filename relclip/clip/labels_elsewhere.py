"""A labels encoder from elsewhere: any model of timm with ImageNet-1K weights, downloaded or from a file."""

import difflib
from pathlib import Path
from typing import Any

from torch import nn

from relclip.clip.elsewhere import HUB, reach, short
from relclip.core.atomic import write_json
from relclip.core.errors import InputError
from relclip.core.params.clip import LabelsEncoder
from relclip.encoder.encoder import save_encoder
from relclip.encoder.labels_encoder import LabelsModel, TimmTower


def load_timm(settings: LabelsEncoder, folder: Path) -> None:
    """Write the model that `labels` names into `folder`, without its classifier, with statistics.json.

    Raises InputError where the model is unknown, cannot be downloaded, or the file does not fit it.
    """
    trunk = _model(settings)
    about: Any = trunk.pretrained_cfg
    size = int(about["input_size"][-1])
    trunk.reset_classifier(0)  # type: ignore[operator]
    config = {
        "model_cfg": {
            "embed_dim": trunk.num_features,
            "vision_cfg": {"timm_model_name": settings.model.split(".")[0], "image_size": size},
        },
        "preprocess_cfg": {"mean": list(about["mean"]), "std": list(about["std"]), "resize_mode": "squash"},
    }
    save_encoder(folder, LabelsModel(TimmTower(trunk, size)), config, tokenizer=None)
    state = {"source": "timm", "model": settings.model, "weights": settings.weights or about.get("hf_hub_id")}
    write_json(folder / "statistics.json", state)


def _model(settings: LabelsEncoder) -> nn.Module:
    """The model with its classifier and its weights."""
    import timm  # noqa: PLC0415

    name = settings.model
    if not timm.is_model(name):
        near = difflib.get_close_matches(name, timm.list_models(), n=3, cutoff=0.3)
        raise InputError(f"labels.model is '{name}', which timm does not have; nearest: {', '.join(near)}")
    if settings.weights is not None:
        return _from_file(name, Path(settings.weights))
    about = timm.get_pretrained_cfg(name)
    hub = (about and about.hf_hub_id) or "timm"
    try:
        if not _cached(hub):
            reach(f"{HUB}/{hub}")
        return timm.create_model(name, pretrained=True)
    except Exception:
        raise InputError(
            f"the weights of '{name}' could not be downloaded from {HUB}/{hub}; on a machine with network fetch "
            "model.safetensors there, put the file anywhere here and set labels.weights to its path"
        ) from None


def _from_file(name: str, weights: Path) -> nn.Module:
    import timm  # noqa: PLC0415

    if weights.suffix != ".safetensors" or not weights.is_file():
        raise InputError(f"labels.weights is {weights}, which is not the path of a .safetensors file")
    try:
        model = timm.create_model(name, pretrained=False)
        timm.models.load_checkpoint(model, str(weights), strict=True, weights_only=True)
    except Exception as error:
        raise InputError(
            f"{weights} does not load as timm's '{name}' ({short(error)}); give that model's model.safetensors, or set "
            "labels.model to the file's model"
        ) from None
    return model


def _cached(hub: str) -> bool:
    from huggingface_hub import try_to_load_from_cache  # noqa: PLC0415

    return isinstance(try_to_load_from_cache(hub, "model.safetensors"), str)
