"""A CLIP from elsewhere: any open_clip model, from a weights file, a pretrained tag, or untrained to try the path."""

import os
import urllib.error
import urllib.request
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch

from relclip.core.atomic import write_json
from relclip.core.errors import InputError, errors_as, one_line
from relclip.core.params.clip import Clip
from relclip.core.process import say
from relclip.encoder.encoder import Encoder, save_encoder
from relclip.encoder.known import check_activation, check_texts, hub_names, no_tag, read_config, unknown
from relclip.internals.open_clip import quiet

HUB = os.environ.get("HF_ENDPOINT", "https://huggingface.co").rstrip("/")
FILE = "open_clip_model.safetensors"
#: What the plain state dict of OpenAI's own files holds beside weights.
OPENAI_SIZES = ("input_resolution", "context_length", "vocab_size")


def load_elsewhere(settings: Clip, folder: Path) -> None:
    """Write the model that `clip.model` and `clip.weights` name into `folder`, with statistics.json.

    Raises InputError where the model is unknown, the tag cannot be downloaded or the file does not fit.
    """
    import open_clip  # noqa: PLC0415

    name = _registered(settings.model)
    model_config = _model_config(name)
    check_texts(name, model_config)
    _check_tokenizer(name, model_config["text_cfg"].get("hf_tokenizer_name"))
    torch.manual_seed(settings.pretrain.seed)
    model, tokenizer = _built(name, hub_names(model_config))
    preprocess = dict(open_clip.model.get_model_preprocess_cfg(model))
    if settings.weights is None:
        say(
            f"WARNING: clip.weights is null, so '{name}' is UNTRAINED: its weights are random, and "
            "every number made from it is meaningless; set clip.weights to a weights file or a pretrained tag"
        )
    else:
        weights, tag = _weights(name, settings.weights)
        if tag:
            _same_activation(name, bool(tag.get("quick_gelu")), settings.weights)
        preprocess |= {key: tag[key] for key in ("mean", "std") if tag.get(key)}
        _load(model, weights, name)
    Encoder(model, tokenizer, torch.device("cpu")).check(name)
    save_encoder(folder, model, {"model_cfg": model_config, "preprocess_cfg": preprocess}, tokenizer)
    if hasattr(tokenizer, "save_pretrained"):
        tokenizer.save_pretrained(str(folder))
    state = {
        "source": "open_clip",
        "model": name,
        "weights": settings.weights,
        "untrained": settings.weights is None,
    }
    write_json(folder / "statistics.json", state)


def _built(name: str, hub: str) -> tuple[torch.nn.Module, Any]:
    """The model, untrained, and its tokenizer; `hub`: what open_clip reads from the Hub for them."""
    import open_clip  # noqa: PLC0415

    fetched = f", which reads {hub} from the Hub (HF_ENDPOINT and HF_HOME are heeded)" if hub else ""
    with errors_as(
        lambda error: InputError(
            f"open_clip cannot build '{name}'{fetched}: {one_line(error, 160)}; take another clip.model"
        )
    ):
        with quiet():
            model = open_clip.create_model(name, pretrained_text=False)
        return model, open_clip.get_tokenizer(name)


def _registered(model: str) -> str:
    """The name by which open_clip knows `clip.model`; the configuration file of a tower of one's own is shown to it."""
    import open_clip  # noqa: PLC0415

    if not model.endswith(".json"):
        return model
    read_config(Path(model))
    open_clip.add_model_config(Path(model))
    return Path(model).stem


def _model_config(name: str) -> dict[str, Any]:
    import open_clip  # noqa: PLC0415

    config = open_clip.get_model_config(name) if ":" not in name else None
    if config is None:
        raise unknown(name, open_clip.list_models())
    return dict(config)


def _weights(model: str, weights: str) -> tuple[Path, dict[str, Any]]:
    """The file of the weights, and the tag's configuration where `weights` is a pretrained tag."""
    import open_clip  # noqa: PLC0415
    from open_clip.pretrained import download_pretrained, get_pretrained_cfg  # noqa: PLC0415

    if Path(weights).is_file():
        return Path(weights), {}
    tags = open_clip.list_pretrained_tags_by_model(model)
    if weights not in tags:
        raise no_tag(model, weights, tags)
    tag = get_pretrained_cfg(model, weights)
    where = f"{HUB}/{tag['hf_hub'].rstrip('/')}" if tag.get("hf_hub") else tag.get("url", "")
    with errors_as(
        lambda error: InputError(
            f"the weights '{weights}' of {model} could not be downloaded from {where} ({one_line(error)}); on a "
            f"machine with network fetch {FILE} there, put the file anywhere here and set clip.weights to its path"
        )
    ):
        if not cached(tag.get("hf_hub", "").rstrip("/") or "none", FILE):
            reach(where)
        return Path(download_pretrained(tag)), tag


def _check_tokenizer(model: str, tokenizer: str | None) -> None:
    """Raise InputError where the tokenizer lies on the Hub, is not here and the Hub not to be reached."""
    if not tokenizer or Path(tokenizer).is_dir() or cached(tokenizer, "tokenizer_config.json"):
        return
    try:
        reach(f"{HUB}/{tokenizer}")
    except OSError:
        raise InputError(
            f"the tokenizer of '{model}', {tokenizer} of the Hub, is not here and {HUB} is not to be reached; on a "
            f"machine with network run `hf download {tokenizer}`, and copy its cache (HF_HOME) here"
        ) from None


def cached(hub: str, file: str) -> bool:
    """Whether a file of a model of the Hub was downloaded before."""
    from huggingface_hub import try_to_load_from_cache  # noqa: PLC0415

    return isinstance(try_to_load_from_cache(hub, file), str)


def reach(address: str) -> None:
    """Ask once, briefly: the hub's client would try for more than a minute. Raises OSError without a network."""
    with suppress(urllib.error.HTTPError):  # an error code is an answer too
        urllib.request.urlopen(urllib.request.Request(address, method="HEAD"), timeout=10).close()


def _load(model: torch.nn.Module, weights: Path, name: str) -> None:
    from open_clip.factory import load_checkpoint  # noqa: PLC0415

    if weights.suffix not in {".safetensors", ".pt", ".pth", ".bin"}:
        raise InputError(f"{weights} must end in .safetensors (best), .pt, .pth or .bin")
    if _is_torchscript(weights):
        raise InputError(
            f"{weights} is a TorchScript archive, a program, which is not run; save its plain weights once where you "
            "trust it: torch.save(torch.jit.load(FILE, map_location='cpu').state_dict(), 'clip.pt'), or take the same "
            f"model as safetensors (open_clip's tag 'openai'), and set clip.weights to that file"
        )

    def does_not_load(error: Exception) -> InputError:
        broken = type(error).__name__ == "UnpicklingError"  # torch's own words are advice to run code
        why = "it is no file of plain weights" if broken else one_line(error, 160)
        return InputError(
            f"{weights} does not load as '{name}' ({why}); give that model's weights as "
            "safetensors or a plain state dict (TorchScript and files that run code are refused), or set clip.model to "
            "the file's model"
        )

    with errors_as(does_not_load):
        found = load_checkpoint(model, str(weights), strict=False, weights_only=True)
        if wrong := [*found.missing_keys, *(set(found.unexpected_keys) - set(OPENAI_SIZES))]:
            raise ValueError(f"it lacks, or has beyond the model: {', '.join(sorted(wrong)[:3])}")
    if set(found.unexpected_keys) & set(OPENAI_SIZES):
        _same_activation(name, True, str(weights))


def _is_torchscript(path: Path) -> bool:
    """Whether a file is a zip with a program in it; nothing of it is run."""
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return any(Path(name).name == "constants.pkl" for name in archive.namelist())


def _same_activation(name: str, quick: bool, weights: str) -> None:
    import open_clip  # noqa: PLC0415

    check_activation(name, _model_config(name), quick, weights, open_clip.list_models())
