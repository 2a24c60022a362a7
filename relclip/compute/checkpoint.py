"""Checkpoints: a training that was killed goes on where its last checkpoint stands, and ends with the same bytes."""

import copy
import hashlib
import io
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import torch

from relclip.core.atomic import atomic_file
from relclip.core.errors import is_out_of_memory
from relclip.core.process import say

FILE = "checkpoint.pt"


def state_digest(version: int, content: Mapping[str, Any]) -> str:
    """Digest of what a checkpoint depends on (parameters, input digests); another digest, another training.

    version: the stage's own, which rises when a step comes to compute something else.
    """
    text = json.dumps({"version": version, "torch": torch.__version__, **content}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


class Kept(Protocol):
    """What a checkpoint keeps, as torch's modules and optimizers are."""

    def state_dict(self) -> Any:
        """What is to be kept."""

    def load_state_dict(self, state: Any, /) -> Any:
        """Go on from there."""


def save_checkpoint(path: Path, digest: str, step: int, parts: Mapping[str, Kept]) -> None:
    """Write a checkpoint after `step`, whole or not at all."""
    states = {name: part.state_dict() for name, part in parts.items()}
    write_state(path, {"digest": digest, "step": step, **states})


def write_state(path: Path, state: Mapping[str, Any]) -> None:
    """Write what torch can save, behind its SHA-256: torch itself notices no flipped bit."""
    content = io.BytesIO()
    torch.save(dict(state), content)
    with atomic_file(path) as temporary, temporary.open("wb") as file:
        file.write(hashlib.sha256(content.getbuffer()).digest())
        file.write(content.getbuffer())


def _read_state(path: Path, device: torch.device) -> dict[str, Any]:
    """Read what `write_state` wrote. Raises FileNotFoundError, or any other error where it is damaged or foreign."""
    with path.open("rb") as file:
        digest, content = file.read(hashlib.sha256().digest_size), file.read()
    if hashlib.sha256(content).digest() != digest:
        raise ValueError("not the bytes that were written")
    state = torch.load(io.BytesIO(content), map_location=device, weights_only=True)
    # Tensors that lie where the bytes were read are not aligned; on such AdamW rounds differently.
    return copy.deepcopy(dict(state))


def resume(path: Path, digest: str, device: torch.device, parts: Mapping[str, Kept]) -> int:
    """Let the parts go on from the checkpoint of this very training; returns its step, 0 where there is none."""
    state = _load_state(path, digest, device)
    if state is None:
        return 0
    for name, part in parts.items():
        part.load_state_dict(state[name])
    return int(state["step"])


def _load_state(path: Path, digest: str, device: torch.device) -> dict[str, Any] | None:
    """Read the state of this very training; none, and a word on stderr, where it is broken or of another one."""
    if not path.is_file():
        return None
    try:
        state = _read_state(path, device)
        fits = state["digest"] == digest
    except Exception as error:  # torch raises a different error for each way a file can be broken
        if is_out_of_memory(error):
            raise
        say(f"the checkpoint {path} is broken ({type(error).__name__}); training starts anew")
        return None
    if not fits:
        say(f"the checkpoint {path} belongs to other parameters or inputs; training starts anew")
        return None
    return state


def remove_checkpoint(folder: Path) -> None:
    """Remove the checkpoint of a training that ended well."""
    shutil.rmtree(folder, ignore_errors=True)
