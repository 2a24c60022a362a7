"""Files and folders that appear whole or not at all: temporary sibling, fsync, rename."""

import errno
import io
import json
import os
import re
import shutil
import sys
import uuid
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from relclip.core import process
from relclip.core.errors import InputError

#: Folders of a project that hold nothing but what it made; everywhere else a folder may hold a user's files.
OWN = ("data", "reports", "checkpoints")
#: What a disk, a limit on files or a quota says that has no room; such an error does not say which file it was.
_NO_ROOM = {errno.ENOSPC, errno.EFBIG, errno.EDQUOT}
_FILE_IN_THE_WAY = "this is a file where a folder must be written"
_PARTIAL = re.compile(rf"\..+\.({process.PATTERN})\.[0-9a-f]{{8}}(?:\.old)?\.partial")
#: The same anywhere in a path, which an error would show.
_IN_PATH = re.compile(
    rf"(^|[/\\])\.([^/\\]+)\.{process.PATTERN}\.[0-9a-f]{{8}}(?:\.old)?\.partial(?=[/\\]|$)"
)
#: Marks what is about to be replaced.
_OLD = ".old"
_swept: set[Path] = set()


def real(path: str | Path) -> Path:
    """The path with its links followed. Links in a circle, a RuntimeError of Path.resolve, stay as they are."""
    return Path(os.path.realpath(path))


@dataclass
class _Guard:
    """What the command line names, and which files below its inputs were read."""

    inputs: list[Path] = field(default_factory=list)
    own_folders: list[Path] = field(default_factory=list)
    read: set[Path] = field(default_factory=set)


_guard: ContextVar[_Guard | None] = ContextVar("guard", default=None)


@contextmanager
def inputs_protected() -> Iterator[None]:
    """Inside, what the command line names as input is never written, nor a file below it that was read.

    `command.run` opens it for every command, whose parser calls `protect`. A command may go on from what lies in its
    own output folder.
    """
    token = _guard.set(_Guard())
    try:
        yield
    finally:
        _guard.reset(token)


def protect(inputs: Iterable[Path], outputs: Iterable[Path]) -> None:
    """Name what a command reads and writes.

    Raises InputError where an output is a link to a file or a device, which would be replaced, or is named twice.
    """
    guard = _guard.get()
    if guard is None:
        return
    guard.inputs = [real(path) for path in inputs]
    named: set[Path] = set()
    for path in outputs:
        place = real(path)
        if not place.is_dir() and (path.is_symlink() or (path.exists() and not path.is_file())):
            raise InputError(f"{path} is a link or a device, which would be replaced; name a file")
        if place in named:
            raise InputError(f"{path} is named for two outputs; name a file for each")
        named.add(place)
    guard.own_folders = [place for place in named if place.is_dir()]


def note_read(path: Path) -> None:
    """Readers of files from outside say what they read."""
    if (guard := _guard.get()) is not None:
        place = real(path)
        if _below(place, guard.inputs) and not _below(place, guard.own_folders):
            guard.read.add(place)


def check_output(path: Path) -> None:
    """Raise InputError where writing `path` would cost an input."""
    if (guard := _guard.get()) is not None:
        place = real(path)
        lost = next((one for one in (*guard.inputs, *guard.read) if one.is_relative_to(place)), None)
        if lost is not None and lost.exists():
            raise InputError(f"{path} would replace {lost}, which is read here; name another output")


def check_file(path: Path) -> None:
    """Raise what writing this file would: before work that is lost where one of its two outputs cannot be written."""
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, "this is a folder where a file must be written", str(path))
    above = next(filter(Path.is_file, path.parents), None)
    if above is not None:
        raise NotADirectoryError(errno.ENOTDIR, _FILE_IN_THE_WAY, str(above))
    check_output(path)


def final(path: str) -> str:
    """The path that a temporary one beside it becomes; any other as it is."""
    return _IN_PATH.sub(lambda found: found[1] + found[2], path)


def check_own(folder: Path, mark: str, own: Iterable[str]) -> None:
    """Raise InputError where `folder`, which is to be replaced whole, holds what is somebody else's.

    That is all in a folder without the file `mark`, else what no pattern of `own` names (fnmatch, of paths below it).
    """
    known = tuple(own) if (folder / mark).is_file() else ()
    for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
        name = path.relative_to(folder).as_posix()
        if (path.is_symlink() or not path.is_dir()) and not any(fnmatchcase(name, one) for one in known):
            raise _others(folder, name)


def _others(folder: Path, name: str) -> InputError:
    return InputError(f"{folder} holds {name}, which would be replaced; name a new folder")


def _below(place: Path, folders: Iterable[Path]) -> bool:
    return any(place.is_relative_to(folder) for folder in folders)


@contextmanager
def atomic_file(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; on success it becomes `path`, on any error it is removed.

    A folder in the way is an OSError; one of a full disk names `path`.
    """
    check_file(path)
    _prepare(path.parent)
    temporary = _sibling(path)
    try:
        yield temporary
        _fsync(temporary)
        temporary.replace(path)
        _fsync(path.parent)
    except OSError as error:
        if error.errno in _NO_ROOM and error.filename is None:
            error.filename = str(path)
        raise
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def atomic_folder(path: Path, *, obsolete: Collection[str] = ()) -> Iterator[Path]:
    """Yield a temporary empty folder beside `path`; on success it replaces `path` as a whole.

    A link to a folder (a larger disk) stays; what it leads to is replaced. A file in the way is an OSError,
    and so is the folder one is in (`--output .`): whatever lies there would be gone. InputError where `path`, outside
    of the project's OWN folders, holds what the new folder does not: it is somebody else's, unless its name is one of
    `obsolete`, which go with the folder before.
    """
    named = real(path) if ".." in path.parts else path.absolute()
    path = real(path)
    check_output(path)
    if path.is_file():
        raise NotADirectoryError(errno.ENOTDIR, _FILE_IN_THE_WAY, str(path))
    if Path.cwd().is_relative_to(path):
        raise OSError(
            errno.EBUSY, "one stands in this folder, which would be replaced; name a new one", str(path)
        )
    _prepare(path.parent)
    temporary = _sibling(path)
    temporary.mkdir()
    try:
        yield temporary
        if path.exists():
            _check_replaceable(named, temporary, obsolete)
            _take_place(temporary, path)
        else:
            temporary.replace(path)
        _fsync(path.parent)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _take_place(new: Path, path: Path) -> None:
    """The folder `new` becomes `path`, in one step where the system can exchange two names.

    Else in two: what a kill between them leaves is put back by `_prepare`.
    """
    if not _exchanged(new, path):
        old = _sibling(path, _OLD)
        path.replace(old)
        new.replace(path)
        shutil.rmtree(old)


def _exchanged(one: Path, other: Path) -> bool:
    """Exchange two names in one step, as Linux's own disks can; whether it was done."""
    if sys.platform != "linux":
        return False
    import ctypes  # noqa: PLC0415  # slow to load

    exchange: Any = getattr(ctypes.CDLL(None), "renameat2", None)
    here, both_ways = -100, 2  # AT_FDCWD, RENAME_EXCHANGE
    sys.audit("os.rename", one, other, -1, -1)  # as os.rename itself tells who listens
    return bool(exchange) and exchange(here, bytes(one), here, bytes(other), both_ways) == 0


def _check_replaceable(path: Path, new: Path, obsolete: Collection[str]) -> None:
    if any(path.is_relative_to(Path.cwd() / own) for own in OWN):
        return
    strange = sorted({one.name for one in path.iterdir()} - {one.name for one in new.iterdir()} - {*obsolete})
    if strange:
        raise _others(path, strange[0])


def make_folder(folder: Path) -> None:
    """Make a folder and those it is in, as far as they are not there. A file in the way is an OSError that says so."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise NotADirectoryError(errno.ENOTDIR, _FILE_IN_THE_WAY, error.filename) from None


def write_json(path: Path, value: Any) -> None:
    """Write `value` as indented JSON with sorted keys, atomically; the same value gives the same bytes."""
    write_text(path, json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n")


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8, atomically."""
    with atomic_file(path) as temporary:
        temporary.write_bytes(text.encode())  # as text, Windows would end its lines in its own way


def write_array(path: Path, array: Any) -> None:
    """Write an array as .npy, atomically.

    Not by numpy straight to the disk: where that is full its error has no errno, and says how much was written.
    """
    import numpy as np  # noqa: PLC0415  # slow to load

    content = io.BytesIO()
    np.save(content, array)
    with atomic_file(path) as temporary:
        temporary.write_bytes(content.getbuffer())


def _sibling(path: Path, kind: str = "") -> Path:
    return path.with_name(f".{path.name}.{process.token()}.{uuid.uuid4().hex[:8]}{kind}.partial")


def _prepare(folder: Path) -> None:
    """Make the folder; the first time a process writes there, remove what killed processes left half-written.

    An old folder whose place is empty goes back there.
    """
    make_folder(folder)
    if folder in _swept:
        return
    _swept.add(folder)
    with os.scandir(folder) as found:
        left = [
            Path(item.path)
            for item in found
            if (name := _PARTIAL.fullmatch(item.name)) and process.is_gone(name[1])
        ]
    for path in left:
        place = Path(final(str(path)))
        if path.stem.endswith(_OLD) and not place.exists():
            path.replace(place)
        elif path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def _fsync(path: Path) -> None:
    """To the disk; Windows has this for files that are open to be written, and not for folders."""
    windows = sys.platform == "win32"
    if windows and path.is_dir():
        return
    descriptor = os.open(path, os.O_RDWR if windows else os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
