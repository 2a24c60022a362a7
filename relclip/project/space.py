"""Whether a disk has room for what the pipeline writes, said before hours of work and not after."""

import shutil
from pathlib import Path

from relclip.core.errors import InputError
from relclip.core.params.raw import Raw
from relclip.raw.sources import SOURCES

#: The largest part; where it is there, most of the room is taken already.
LARGEST = Path("data", "features")


def check_space(root: Path, raw: Raw) -> None:
    """Raise InputError where the pipeline starts from nothing and the disk of `root` has too little room for it."""
    if (root / LARGEST).exists():
        return
    free, needed = shutil.disk_usage(root).free, SOURCES[raw.source].room(raw)
    if free < needed:
        raise InputError(
            f"{root} has {free / 1e9:.1f} GB free, and the pipeline writes about {needed / 1e9:.1f} GB below it or "
            "more; free some, or move this folder to a larger disk, then run the same command again"
        )


def check_place(root: Path) -> None:
    """Raise InputError where `data` is a link: trainings would run for hours, and DVC then refuse their files."""
    data = root / "data"
    if data.is_symlink() and (root / ".dvc").is_dir():
        raise InputError(
            f"{data} is a link to {data.resolve()}, and DVC keeps no file behind a link; move the whole project there, "
            f"or take the link away and let the bytes lie there: dvc cache dir --local {data.resolve()}-cache, then "
            "dvc config --local cache.type symlink"
        )
