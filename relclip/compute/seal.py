"""A safetensors file that carries the SHA-256 of its numbers: the format itself notices no flipped bit."""

import hashlib
import json
import struct
from pathlib import Path

from safetensors import SafetensorError

from relclip.core.atomic import atomic_file
from relclip.core.json_file import parse_json

_NAME = "sha256"
#: Metadata to save with, so that `seal` has the room it needs.
UNSEALED = {_NAME: "0" * 64}


def write_sealed(path: Path, content: bytes) -> None:
    """Write a safetensors file that was made with the metadata UNSEALED, atomically, and seal it.

    `content`: what `save` gives; safetensors' own way to the disk has an error of its own where that is full.
    """
    with atomic_file(path) as temporary:
        temporary.write_bytes(content)
        seal(temporary)


def seal(path: Path) -> None:
    """Put the digest into a file that was saved with the metadata UNSEALED; metadata in order, for the same bytes."""
    header, data = read_header(path)
    known = header.pop("__metadata__") | {_NAME: _digest(path, data)}
    content = {"__metadata__": dict(sorted(known.items())), **header}
    text = json.dumps(content, separators=(",", ":"), ensure_ascii=False).encode()
    with path.open("r+b") as file:
        file.seek(8)
        file.write(text.ljust(data - 8))


def check_seal(path: Path) -> None:
    """Raise SafetensorError where the numbers are not those that were sealed; a file without a digest passes."""
    try:
        header, data = read_header(path)
        sealed = header.get("__metadata__", {}).get(_NAME)
    except (ValueError, AttributeError, struct.error):
        return  # not in the format: its reader says so
    if sealed is not None and sealed != _digest(path, data):
        raise SafetensorError("its numbers are not those that were written: the disk or a copy damaged it")


def read_header(path: Path) -> tuple[dict, int]:
    """A safetensors file's header, and where the numbers begin (the format allows blanks before it).

    Raises ValueError or struct.error where there is none.
    """
    with path.open("rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        if length > path.stat().st_size:
            raise ValueError("its header is longer than the file")
        return parse_json(file.read(length)), 8 + length


def _digest(path: Path, begin: int) -> str:
    with path.open("rb") as file:
        file.seek(begin)
        return hashlib.file_digest(file, "sha256").hexdigest()
