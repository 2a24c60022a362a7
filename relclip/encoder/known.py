"""What a configuration of open_clip says before anything is built or run; read without open_clip."""

import ast
import difflib
import reprlib
from collections.abc import Collection, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from relclip.core.errors import InputError, nearest
from relclip.core.json_file import read_object

Config = Mapping[str, Any]
NEEDED = {"embed_dim": int, "vision_cfg": dict, "text_cfg": dict}
#: How open_clip's models with OpenAI's activation end.
QUICK = "-quickgelu"


def check_texts(model: str, config: Config) -> None:
    """Raise InputError where the texts are read by transformers, which is not installed."""
    needed = hub_names(config)
    if needed and not find_spec("transformers"):
        raise InputError(
            f"the texts of '{model}' are read by the package transformers ({needed} of the Hub), which is not here: "
            "python -m pip install 'relclip[transformers]', or take another encoder"
        )


def hub_names(config: Config) -> str:
    """What of the texts' tower lies on the Hub, by name; '' where open_clip has it all."""
    text = config.get("text_cfg") or {}
    return " and ".join(
        dict.fromkeys(name for key in ("hf_model_name", "hf_tokenizer_name") if (name := text.get(key)))
    )


def read_config(path: Path) -> Config:
    """The configuration file of a tower of one's own. Raises InputError where it is none."""
    content = read_object(path, "give a configuration as open_clip writes them", InputError)
    if lacking := NEEDED.keys() - content.keys():
        raise InputError(f"{path} is no configuration of open_clip: it lacks {', '.join(sorted(lacking))}")
    if wrong := [key for key, kind in NEEDED.items() if not isinstance(content[key], kind)]:
        raise InputError(
            f"{path} is no configuration of open_clip: its {wrong[0]} is {reprlib.repr(content[wrong[0]])}"
        )
    if "siglip" in path.stem.lower() and not hub_names(content):
        raise InputError(
            f"{path} is called SigLIP and its text_cfg names no hf_tokenizer_name, so that open_clip would fetch a "
            "tokenizer that the model's folder does not know; name one, or call the file otherwise"
        )
    return content


def unknown(model: str, names: Collection[str]) -> InputError:
    """What is said of a model that open_clip does not have."""
    near = difflib.get_close_matches(model, names, n=3, cutoff=0.3)
    return InputError(f"clip.model is '{model}', which open_clip does not have; nearest: {', '.join(near)}")


def listed(model: str) -> Config | None:
    """The configuration of `clip.model`; None where open_clip is not installed here."""
    if model.endswith(".json"):
        return read_config(Path(model))
    files = _configurations()
    if files and model not in files:
        raise unknown(model, files)
    return read_config(files[model]) if files else None


def _places() -> Collection[str]:
    """The folder of the package open_clip; () where it is not installed."""
    package = find_spec("open_clip")
    return (package and package.submodule_search_locations) or ()


def _configurations() -> dict[str, Path]:
    return {path.stem: path for place in _places() for path in Path(place, "model_configs").glob("*.json")}


def check_weights(model: str, weights: str, config: Config) -> None:
    """Raise InputError where `clip.weights` is no file and no pretrained tag that serves the model."""
    tags_of = pretrained_tags()
    if tags_of is None or Path(weights).is_file():
        return
    tags = tags_of.get(model.removesuffix(QUICK), {})
    if weights not in tags:
        raise no_tag(model, weights, tags)
    check_activation(model, config, tags[weights], weights, _configurations())


def pretrained_tags() -> dict[str, dict[str, bool]] | None:
    """Model -> its pretrained tags of either activation -> whether that is QuickGELU, as open_clip's source lists them.

    To import it takes seconds. None where it is not here, or lists them otherwise than its version 3.3 does.
    """
    try:
        (place,) = _places()
        source = ast.parse(Path(place, "pretrained.py").read_text("utf-8")).body
        assigned: list[Any] = [node for node in source if isinstance(node, ast.Assign)]
        said = {node.targets[0].id: node.value for node in assigned}
        table = said["_PRETRAINED"]
        models = {
            key.value: said.get(getattr(value, "id", ""), value)
            for key, value in zip(table.keys, table.values, strict=True)
        }
        return {
            model: {
                tag.arg: any(one.arg == "quick_gelu" for one in tag.value.keywords) for tag in tags.keywords
            }
            for model, tags in models.items()
        }
    except (OSError, ValueError, SyntaxError, LookupError, AttributeError):
        return None


def no_tag(model: str, weights: str, tags: Collection[str]) -> InputError:
    """What is said of a tag that a model does not have."""
    return InputError(
        f"clip.weights is '{weights}', neither a file nor a pretrained tag of {model}{nearest(weights, tags)}; "
        f"its tags: {', '.join(tags) or 'none'}"
    )


def check_activation(model: str, config: Config, quick: bool, weights: str, models: Collection[str]) -> None:
    """Refuse a model with another activation than its weights were trained with: it would run, and be wrong.

    `models`: all there are.
    """
    if quick == bool(config.get("quick_gelu")):
        return
    kinds = ("QuickGELU", "GELU") if quick else ("GELU", "QuickGELU")
    other = f"{model}{QUICK}" if quick else model.removesuffix(QUICK)
    take = f"set clip.model to '{other}'" if other in models and other != model else "take other weights"
    raise InputError(f"'{weights}' was trained with {kinds[0]}, '{model}' computes with {kinds[1]}; {take}")
