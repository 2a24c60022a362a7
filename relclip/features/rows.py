"""maps.npy and what belongs to it: the rows of the images, the room on the disk, the unfinished file."""

import errno
import os
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.lib.format import open_memmap
from numpy.typing import NDArray

from relclip.core.annotations import Ids
from relclip.core.atomic import write_text
from relclip.core.digest import file_digest
from relclip.core.errors import ContractError
from relclip.core.json_file import read_json
from relclip.core.parquet import MAP_ROWS, write_table

MAPS = "maps.npy"
#: (rows, h, w, C)
Maps = NDArray[np.float16]


def open_maps(partial: Path, record: Path, inputs: str, shape: tuple[int, ...]) -> tuple[Maps, int]:
    """The unfinished file and how many of its rows are done; a file of other inputs is begun anew."""
    try:
        state = read_json(record)
        maps = open_memmap(partial, mode="r+") if state["key"] == inputs else None
    except (OSError, ValueError, KeyError, TypeError, ContractError):
        maps = None
    if maps is not None and maps.shape == shape and maps.dtype == np.float16:
        print(f"features: going on from row {state['rows']}", flush=True)
        return maps, int(state["rows"])
    record.unlink(missing_ok=True)
    return new_maps(partial, shape), 0


def new_maps(partial: Path, shape: tuple[int, ...]) -> Maps:
    """An empty file of maps with all its room on the disk taken. Raises OSError where the disk is too small."""
    maps = open_memmap(partial, mode="w+", dtype=np.float16, shape=shape)
    _reserve(partial)
    return maps


def write_images(output: Path, image_id: Ids) -> None:
    """Write images.parquet: the images of the rows of maps.npy, in their order."""
    table = pa.table({"image_id": image_id, "row": np.arange(len(image_id))})
    write_table(output / "images.parquet", table, MAP_ROWS)


def place_maps(output: Path, partial: Path) -> None:
    """Move the finished maps into place and write their digest."""
    digest = file_digest(partial)
    partial.replace(output / MAPS)
    write_text(output / "maps.sha256", f"{digest}\n")


def _reserve(partial: Path) -> None:
    """Take the whole file's room on the disk now: a mapped page for which there is none kills a process without a word.

    Raises OSError where the disk is too small.
    """
    if not hasattr(os, "posix_fallocate"):
        return
    with partial.open("r+b") as file:
        size = os.fstat(file.fileno()).st_size
        try:
            os.posix_fallocate(file.fileno(), 0, size)
        except OSError as error:
            partial.unlink()
            if error.errno != errno.ENOSPC:
                raise
            what = f"no room for patch maps of {size / 1e9:.3g} GB on this disk"
            raise OSError(errno.ENOSPC, what, str(partial.parent)) from None
