"""SHA-256 of files, as provenance: which bytes a result was made from."""

import hashlib
from pathlib import Path

from relclip.core.errors import ContractError


def file_digest(path: Path) -> str:
    """Return the hex SHA-256 of one file, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_maps(features: Path, digest: str | None = None) -> None:
    """Raise ContractError where maps.npy is not what the digest beside it says; without one it passes.

    `digest`: that of maps.npy, where it was read already. That a file is missing, its reader says.
    """
    path, record = features / "maps.npy", features / "maps.sha256"
    if not (path.is_file() and record.is_file()):
        return
    if (digest or file_digest(path)) != record.read_text("utf-8", "replace").strip():
        raise ContractError(
            f"{path} is not what {record.name} beside it says: the disk or a copy damaged it; run the `features`"
            f" stage again, in the workflow by `snakemake --cores all --force {path}`"
        )
