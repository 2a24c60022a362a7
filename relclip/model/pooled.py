"""Pooled regions in a file: what one training pooled, the others of this folder read, and so do the predictions."""

import hashlib
import os
import platform
import re
import shutil
import zlib
from pathlib import Path
from weakref import finalize

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from relclip.model.image_set import ImageSet

#: The environment variable that names the folder of these files; without it nothing is shared.
FOLDER = "RELCLIP_POOLED"
#: Largest file, bytes.
LARGEST = 4 << 30
#: Part of every file's name; raise it when pooling comes to compute something else.
VERSION = 1
#: An image's place in the table at the beginning of the file: PRESENT and the CRC-32 of its rows; 0: not there yet.
PRESENT = 1 << 32
_ENTRY = 8
_NAME = re.compile("[0-9a-f]{32}")


class PooledFile:
    """The pooled regions of an image set, float16, as far as anybody pooled them.

    Processes read and write it at once: all write the same bytes, and rows that do not fit their checksum (half
    written, lost in a power cut) count as not there. A write that fails (a full disk) is the last one.
    """

    def __init__(self, path: Path, first_row: NDArray[np.int64], width: int) -> None:
        self._first_row, self._row_bytes = first_row, width * 2
        self._width, self._table = width, (len(first_row) - 1) * _ENTRY
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        finalize(self, os.close, self._file)
        self._writes = True
        os.ftruncate(self._file, self._table + int(first_row[-1]) * self._row_bytes)

    @classmethod
    def of(cls, images: ImageSet, roi_size: int, width: int) -> "PooledFile | None":
        """The file of these images; none where nothing is shared, or it would be larger than LARGEST."""
        root, maps = os.environ.get(FOLDER), getattr(images.maps, "filename", None)
        first_row = images.object_start + images.union_start
        if not root or maps is None or int(first_row[-1]) * width * 2 > LARGEST:
            return None
        arithmetic = platform.machine(), torch.backends.cpu.get_cpu_capability(), torch.get_num_threads()
        regions = images.map_rows, images.sizes, first_row, images.object_start, images.boxes, images.unions
        try:
            folder = Path(root) / Path(maps).parent.name / _identity(Path(maps))
            _begin(folder)
            name = _digest(VERSION, roi_size, *arithmetic, *(rows.tobytes() for rows in regions))
            return cls(folder / name, first_row, width)
        except OSError:  # a folder that cannot be written: nothing is shared
            return None

    def read(self, image: int) -> Tensor | None:
        """The rows of an image, (objects + union boxes, width); none where they are not there."""
        entry = int.from_bytes(os.pread(self._file, _ENTRY, image * _ENTRY), "little")
        if not entry:
            return None
        rows = bytearray(self._bytes_of(image))
        os.preadv(self._file, [rows], self._place(image))
        if entry != PRESENT | zlib.crc32(rows):
            return None
        return torch.frombuffer(rows, dtype=torch.float16).reshape(-1, self._width)

    def write(self, image: int, pooled: Tensor) -> None:
        """Leave the rows of an image for others."""
        rows = pooled.numpy().tobytes()
        if not self._writes or not rows:
            return
        try:
            os.pwrite(self._file, rows, self._place(image))
            entry = (PRESENT | zlib.crc32(rows)).to_bytes(_ENTRY, "little")
            os.pwrite(self._file, entry, image * _ENTRY)
        except OSError:
            self._writes = False

    def _place(self, image: int) -> int:
        return self._table + int(self._first_row[image]) * self._row_bytes

    def _bytes_of(self, image: int) -> int:
        return int(self._first_row[image + 1] - self._first_row[image]) * self._row_bytes


def _identity(file: Path) -> str:
    about = file.stat()
    return _digest(file.resolve(), about.st_ino, about.st_size, about.st_mtime_ns)


def _begin(folder: Path) -> None:
    """Make the folder of one file of maps; what was pooled of the maps that were there before it goes."""
    if folder.is_dir():
        return
    for other in folder.parent.glob("*"):
        if _NAME.fullmatch(other.name):  # and nothing of a folder that a person named by mistake
            shutil.rmtree(other, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)


def _digest(*content: object) -> str:
    found = hashlib.sha256()
    for part in content:
        found.update(part if isinstance(part, bytes) else f"{part}\n".encode())
    return found.hexdigest()[:32]
