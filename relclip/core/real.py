"""Where a path leads."""

import os
from pathlib import Path


def real(path: str | Path) -> Path:
    """The path with its links followed. Links in a circle, a RuntimeError of Path.resolve, stay as they are."""
    return Path(os.path.realpath(path))
