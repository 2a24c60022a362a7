"""What a configuration of open_clip says before anything is built or run; read without open_clip."""

import difflib
import reprlib
from collections.abc import Collection, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from relclip.core.errors import InputError
from relclip.core.json_file import read_object

Config = Mapping[str, Any]
NEEDED = {"embed_dim": int, "vision_cfg": dict, "text_cfg": dict}


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
    return content


def unknown(model: str, names: Collection[str]) -> InputError:
    """What is said of a model that open_clip does not have."""
    near = difflib.get_close_matches(model, names, n=3, cutoff=0.3)
    return InputError(f"clip.model is '{model}', which open_clip does not have; nearest: {', '.join(near)}")


def listed(model: str) -> Config | None:
    """The configuration of `clip.model`; None where open_clip is not installed here."""
    if model.endswith(".json"):
        return read_config(Path(model))
    package = find_spec("open_clip")
    places = (package and package.submodule_search_locations) or ()
    files = {path.stem: path for place in places for path in Path(place, "model_configs").glob("*.json")}
    if files and model not in files:
        raise unknown(model, files)
    return read_config(files[model]) if files else None
