"""Files of torch.save without torch: the zip format (torch >= 1.6) and the one before; tensors are views of the file.

Nothing is read before it is used, so a dump of 20 GB needs the memory of one image.
"""

import math
import mmap
import struct
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from relclip.core.atomic import note_read
from relclip.core.errors import InputError, no_file
from relclip.evaluate.inert_pickle import BFLOAT16, STORAGES, InertPickle, Name

_ZIP, _PICKLE = b"PK\x03\x04", b"\x80\x02"
_MAGIC = 0x1950A86A20F9469CFC6C
_LOCAL_HEADER = 30
_LARGEST = 1 << 40
#: Dimensions and bytes of one tensor.
_DIMENSIONS, _MOST_BYTES = 8, 1 << 46


@dataclass
class Storage:
    """A run of numbers in the file; `position` (bytes) is known once the whole file was looked through."""

    kind: str
    length: int
    position: int = -1


@dataclass(frozen=True)
class Tensor:
    """A tensor in the file: where it lies in its storage, counted in numbers."""

    file: mmap.mmap
    storage: Storage
    offset: int
    size: tuple[int, ...]
    stride: tuple[int, ...]

    def array(self) -> NDArray[Any]:
        """A read-only view of the file (bfloat16 as a float32 copy).

        Raises InputError where it would reach beyond its storage.
        """
        numbers = (self.offset, *self.size, *self.stride)
        if not all(isinstance(number, int) and 0 <= number < _LARGEST for number in numbers):
            raise InputError("a tensor has a shape that cannot be; the file is damaged")
        if len(self.size) > _DIMENSIONS:
            raise InputError(f"a tensor has {len(self.size)} dimensions, at most {_DIMENSIONS} are read")
        if 0 in self.size:
            if math.prod(side or 1 for side in self.size) > _MOST_BYTES:
                raise InputError("an empty tensor has a side that cannot be; the file is damaged")
            return _known(np.empty(self.size, self.storage.kind))
        last = self.offset + sum((n - 1) * step for n, step in zip(self.size, self.stride, strict=True))
        if last >= self.storage.length:
            raise InputError(f"a tensor of shape {self.size} reaches beyond its memory; the file is damaged")
        if math.prod(self.size) > self.storage.length:
            raise InputError(f"a tensor of shape {self.size} repeats its numbers; save it again as a copy")
        flat = np.frombuffer(self.file, self.storage.kind, self.storage.length, self.storage.position)
        strides = [step * flat.itemsize for step in self.stride]
        return _known(
            np.lib.stride_tricks.as_strided(flat[self.offset :], self.size, strides, writeable=False)
        )


def _known(values: NDArray[Any]) -> NDArray[Any]:
    """The numbers as a type of numpy's."""
    return values if values.dtype != BFLOAT16 else (values.view("<u2").astype("<u4") << 16).view("<f4")


@contextmanager
def torch_file(path: Path) -> Iterator[Any]:
    """Yield what torch.save wrote: dicts, lists, numbers, texts, `Tensor`s and `BoxList`s; valid inside the block.

    Raises InputError for anything else, with one sentence that names the file; no code of the file is ever run.
    """
    if not path.is_file():
        raise InputError(
            f"{path} {no_file(path)}; give the eval_results.pytorch that the peer's test script wrote"
        )
    note_read(path)
    with path.open("rb") as file:
        if path.stat().st_size < 4:
            raise InputError(
                f"{path} is empty; give the eval_results.pytorch that the peer's test script wrote"
            )
        data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        try:
            yield _zip(data, path) if data[:4] == _ZIP else _legacy(data, path)
        except InputError as error:
            raise InputError(f"{path}: {error}") from None


def _zip(data: mmap.mmap, path: Path) -> Any:
    try:
        with zipfile.ZipFile(path) as archive:
            members = {member.filename.partition("/")[2]: member for member in archive.infolist()}
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
        raise InputError(f"it is not a whole zip file ({error})") from None
    if "data.pkl" not in members:
        raise InputError("it is a zip file, but not one of torch.save: it has no data.pkl")
    if "byteorder" in members and _bytes(data, members["byteorder"]) != b"little":
        raise InputError("it was written on a big-endian machine; save it again on another")

    def storage(saved: tuple[Any, ...]) -> Storage:
        found = _storage(saved)
        member = members[f"data/{_key(saved)}"]
        found.position = _position(data, member)
        if found.length * np.dtype(found.kind).itemsize > member.file_size:
            raise ValueError(f"storage {_key(saved)} is shorter than announced")
        return found

    pickled = _bytes(data, members["data.pkl"])
    return InertPickle(pickled, 0, _tensors(data), storage).load()


def _legacy(data: mmap.mmap, path: Path) -> Any:
    if data[:2] != _PICKLE:
        old = data[257:262] == b"ustar"
        raise InputError(
            "it is a tar file of torch before 0.2; load and save it again with torch 1 or later"
            if old
            else "it is no file of torch.save, which is a zip file or begins with a pickle of protocol 2"
        )
    storages: dict[str, Storage] = {}

    def storage(saved: tuple[Any, ...]) -> Storage:
        if len(saved) > 5 and saved[5] is not None:
            raise ValueError("a view of a storage, as torch before 0.4 wrote")
        return storages.setdefault(_key(saved), _storage(saved))

    position, values = 0, []
    for _ in range(5):  # magic number, version, machine, the value, the order of the storages
        reader = InertPickle(data, position, _tensors(data), storage)
        values.append(reader.load())
        position = reader.position
        if values[0] != _MAGIC:
            raise InputError("it is a pickle, but not one of torch.save")
    _place(data, position, storages, values[4])
    return values[3]


def _place(data: mmap.mmap, position: int, storages: dict[str, Storage], order: Any) -> None:
    """Storages follow the pickles: a count (8 bytes) and the numbers, each."""
    for key in order if isinstance(order, list) else []:
        header = data[position : position + 8]
        count = struct.unpack("<q", header)[0] if len(header) == 8 else -1
        found = storages.get(key) if isinstance(key, str) else None
        if found is None or count != found.length:
            raise InputError("its storages do not fit its tensors; the file is damaged")
        found.position = position + 8
        position = found.position + count * np.dtype(found.kind).itemsize
    if position > len(data) or any(found.position < 0 for found in storages.values()):
        raise InputError("it ends before its last tensor; copy it again")


def _key(saved: tuple[Any, ...]) -> str:
    """What a file calls the memory of a tensor."""
    if not isinstance(saved[2], str) or len(saved[2]) > 100:
        raise ValueError("a storage whose key is no short text")
    return saved[2]


def _storage(saved: tuple[Any, ...]) -> Storage:
    word, kind, length = saved[0], saved[1], saved[4]
    if word != "storage" or not isinstance(kind, Name) or not isinstance(length, int) or length < 0:
        raise ValueError("something other than the memory of a tensor")
    return Storage(STORAGES[kind.path], length)


def _tensors(data: mmap.mmap) -> Any:
    def tensor(storage: Any, offset: Any, size: Any, stride: Any) -> Tensor:
        if not isinstance(storage, Storage) or len(size) != len(stride):
            raise ValueError("a tensor without memory")
        return Tensor(data, storage, offset, tuple(size), tuple(stride))

    return tensor


def _position(data: mmap.mmap, member: zipfile.ZipInfo) -> int:
    """Where the bytes of a member begin. torch.save never compresses, so a bomb is refused here."""
    if member.compress_type != zipfile.ZIP_STORED or member.compress_size != member.file_size:
        raise InputError(f"its member {member.filename[:100]} is compressed, which torch.save never does")
    header = data[member.header_offset : member.header_offset + _LOCAL_HEADER]
    if member.header_offset < 0 or len(header) != _LOCAL_HEADER or header[:4] != _ZIP:
        raise InputError("its list of members points beside them; the file is damaged")
    name, extra = struct.unpack("<HH", header[26:])
    position: int = member.header_offset + _LOCAL_HEADER + name + extra
    if position + member.file_size > len(data):
        raise InputError("it ends before its last tensor; copy it again")
    return position


def _bytes(data: mmap.mmap, member: zipfile.ZipInfo) -> bytes:
    position = _position(data, member)
    return bytes(data[position : position + member.file_size])
