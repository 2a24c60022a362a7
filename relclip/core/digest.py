"""SHA-256 of files, as provenance: which bytes a result was made from."""

import hashlib
from pathlib import Path


def file_digest(path: Path) -> str:
    """Return the hex SHA-256 of one file, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
