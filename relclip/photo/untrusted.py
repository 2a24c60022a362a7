"""A model folder comes from anyone: none of it is run, leads out of it, or takes memory that it does not fill."""

import math
import os
import struct
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from relclip.compute.seal import read_header
from relclip.core.atomic import real
from relclip.core.errors import InputError, errors_as, no_file, one_line
from relclip.core.json_file import read_json
from relclip.internals.open_clip import quiet

#: A tokenizer's own JSON is the largest: 34 MB for a vocabulary of 256,000.
MOST_JSON_BYTES = 64 << 20
#: What a configuration may tell a tokenizer: others are paths and leave to run code.
_TOKENIZER_WORDS = {"clean", "strip_sep_token"}
Shapes = dict[str, list[int]]


def check_files(folder: Path) -> None:
    """Raise InputError for a link that leads out, for what is no plain file, and for JSON that is too large.

    The Hub's cache is a folder of links into the `blobs` beside it: these are inside.
    """
    root = real(folder)
    inside = [root, *([root.parents[1] / "blobs"] if root.parent.name == "snapshots" else [])]
    for path in _walked(root):
        place = real(path)
        if not any(place.is_relative_to(one) for one in inside):
            raise InputError(f"{path} is a link out of {folder}; take the folder as it was exported")
        if not place.is_file():
            raise InputError(f"{path} {no_file(path)}; take the folder as it was exported")
        if path.suffix == ".json" and place.stat().st_size > MOST_JSON_BYTES:
            raise InputError(
                f"{path} is larger than {MOST_JSON_BYTES >> 20} MB; take the folder as it was exported"
            )


def _walked(root: Path) -> Iterator[Path]:
    """All that is no folder; folders that are links are not entered."""
    for folder, names, files in os.walk(root):
        links = [name for name in names if (Path(folder) / name).is_symlink()]
        yield from (Path(folder) / name for name in [*files, *links])


def check_fit(weights: Path, build: Callable[[Collection[str]], nn.Module]) -> None:
    """Raise InputError where `weights` are not exactly those of the network that `build` makes for their names.

    It is built without memory of its own.
    So a configuration cannot ask for more memory than the weights take on disk.
    """
    held = _shapes(weights)
    with (
        errors_as(
            lambda error: InputError(
                f"the configuration beside {weights} describes no network ({one_line(error, 120)}); take the folder as "
                "it was exported"
            )
        ),
        torch.device("meta"),
    ):
        wanted = {name: list(value.shape) for name, value in build(held).state_dict().items()}
    if held != wanted:
        odd = sorted(name for name in held.keys() | wanted.keys() if held.get(name) != wanted.get(name))
        raise InputError(
            f"{weights} does not hold what the configuration beside it describes ('{odd[0]}': "
            f"{held.get(odd[0], 'absent')}, wanted {wanted.get(odd[0], 'absent')}); take the folder as it was exported"
        )


def check_encoder(folder: Path, names: tuple[str, str]) -> None:
    """Check an encoder's folder, `names` its configuration and weights. Raises InputError.

    Of what a configuration may name, only open_clip's and timm's own towers are built: no address, no other package.
    """
    import open_clip  # noqa: PLC0415

    config, weights = (folder / name for name in names)
    content = read_json(config, "take the folder as it was exported", InputError)
    towers = content.get("model_cfg") if isinstance(content, dict) else None
    if not isinstance(towers, dict) or not isinstance(towers.get("vision_cfg"), dict):
        raise InputError(f"{config} describes no encoder; take the folder as it was exported")
    text = towers.get("text_cfg") or {}
    timm = str(towers["vision_cfg"].get("timm_model_name", ""))
    foreign = not isinstance(text, dict) or text.get("hf_model_name") or set(timm) & set(":/\\")
    if foreign or not set(text.get("tokenizer_kwargs") or ()) <= _TOKENIZER_WORDS:
        raise InputError(
            f"{config} names a tower that is not in the folder; only open_clip's and timm's own are built"
        )
    _check_counts(config, towers, _shapes(weights))
    if text:
        unloaded = {"load_weights": False, "pretrained_text": False, "device": "meta"}
        with quiet():
            check_fit(weights, lambda _: open_clip.create_model(f"local-dir:{folder}", **unloaded))
    else:
        from relclip.encoder.labels_encoder import build_labels_model  # noqa: PLC0415

        check_fit(weights, lambda _: build_labels_model(content))


def _check_counts(config: Path, towers: Mapping[str, Any], held: Shapes) -> None:
    """No size may be larger than the count of numbers in the weights, no count of layers larger than their tensors."""
    numbers = sum(math.prod(shape) for shape in held.values())
    for tower in towers.values():
        said = tower if isinstance(tower, dict) else {}
        for name, value in said.items():
            most = len(held) if name == "layers" else numbers
            if any(
                isinstance(one, int) and one > most for one in (value if isinstance(value, list) else [value])
            ):
                raise InputError(f"{config}: '{name}' is {value}, more than the weights hold")


def _shapes(path: Path) -> Shapes:
    """The shape of each tensor that a safetensors file announces."""
    try:
        header, _ = read_header(path)
        header.pop("__metadata__", None)
        return {name: [int(side) for side in about["shape"]] for name, about in header.items()}
    except (OSError, ValueError, AttributeError, TypeError, KeyError, struct.error) as error:
        reason = one_line(error, 120)
        raise InputError(
            f"{path} is missing or no safetensors file ({reason}); take the folder as exported"
        ) from None
