"""Zip archives from outside: each wanted member by itself, nothing else, nowhere else; what stopped half-way goes on.

Python's zipfile checks each member's CRC and reads no more than its announced size; what is announced is limited
here, each member and all together (members may overlap in the file: the sum counts them all).
"""

import lzma
import re
import shutil
import stat
import struct
import zipfile
import zlib
from collections import Counter
from pathlib import Path, PurePosixPath

from relclip.core.atomic import atomic_folder, make_folder, write_json
from relclip.core.errors import InputError, one_line
from relclip.core.images import SUFFIXES
from relclip.core.json_file import read_json
from relclip.core.progress import progress
from relclip.raw.formats import UNPACKED

#: The pictures of images.zip and images2.zip: VG_100K/1.jpg, VG_100K_2/2.jpg.
PICTURE = re.compile(r"(?:VG_100K|VG_100K_2|images)/(\d{1,18}\.jpg)")
LARGEST_PICTURE, LARGEST_JSON = 1 << 26, 1 << 32
#: Unpacked to packed: a JPEG is about 1, Visual Genome's JSON 9; a bomb 1,000. Small members compress by chance.
RATIO_PICTURE, RATIO_JSON, SMALL = 20, 100, 1 << 16
#: All pictures together, to the archive's size.
RATIO_ALL = 4
MOST_MEMBERS = 1_000_000
#: Longest name of a file or folder that is unpacked; what holds annotation.
LONGEST_STEP, ANNOTATION_SUFFIXES = 200, (".json", ".csv")
DONE = "done.json"
NEW, BEFORE = "pictures unpacked", "pictures unpacked before"
#: Members named in the counts, of each fault.
NAMED = 10
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
)


def is_unpacked(folder: Path) -> bool:
    """Whether `unpack_pictures` came to its end there."""
    return (folder / DONE).is_file()


def folder_of(archive: str, kept: Path) -> Path:
    """Where the pictures of an archive are unpacked to, below `kept`."""
    return kept / UNPACKED / archive.removesuffix(".zip")


def unpack_pictures(archive: Path, folder: Path) -> Counter[str]:
    """Unpack <id>.jpg of Visual Genome's picture folders flat into `folder`; return counts in words, faults named.

    A picture that is there with its size is not unpacked again; once all are, nothing is opened any more, and the
    archive may go.
    Raises InputError where the archive cannot be read, or holds too much.
    """
    if is_unpacked(folder) and _of_the_same_archive(archive, folder):
        return Counter({BEFORE: sum(1 for _ in folder.glob("*.jpg"))})
    (folder / DONE).unlink(missing_ok=True)
    make_folder(folder)
    found: dict[str, list[str]] = {}
    unpacked: set[str] = set()
    with _opened(archive) as opened:
        for member in progress(_members(opened, archive), f"unpack {archive.name}", "file"):
            found.setdefault(_picture(opened, member, folder, unpacked), []).append(member.filename)
    if not unpacked:
        raise InputError(f"{archive} holds no picture such as VG_100K/1.jpg; get the right archive")
    counts = Counter({_named(what, names): len(names) for what, names in found.items()})
    write_json(folder / DONE, {"archive": archive.stat().st_size, "counts": counts})
    return counts


def _of_the_same_archive(archive: Path, folder: Path) -> bool:
    """Whether the folder came from this archive, or the archive is gone."""
    done = read_json(folder / DONE)
    return not archive.exists() or (isinstance(done, dict) and done.get("archive") == archive.stat().st_size)


def unpack_file(archive: Path, name: str, target: Path) -> None:
    """Unpack the one member `name` to `target`, whole or not at all, unless it is there with its size.

    Raises InputError where the archive cannot be read, lacks the member, or it is broken or too large.
    """
    with _opened(archive) as opened:
        found = [
            member for member in _members(opened, archive) if PurePosixPath(member.filename).name == name
        ]
        if len(found) != 1:
            raise InputError(f"{archive} holds {len(found)} files {name}, not one; get the right archive")
        reason = _refused(found[0], LARGEST_JSON, RATIO_JSON)
        if not reason and not (target.is_file() and target.stat().st_size == found[0].file_size):
            reason = _extract(opened, found[0], target)
    if reason:
        raise InputError(f"{name} in {archive} is {reason}; remove the archive, and it is fetched anew")


def unpack_folder(archive: Path, folder: Path) -> Counter[str]:
    """Make `folder` of the archive's pictures, below their own folders, and its JSON and CSV files, flat.

    Returns counts in words of what was left out. Raises InputError where the archive cannot be read, or holds too much.
    """
    found: dict[str, list[str]] = {}
    with _opened(archive) as opened, atomic_folder(folder) as made:
        for member in progress(_members(opened, archive), f"unpack {archive.name}", "file"):
            reason = _unpack(opened, member, made)
            if reason:
                found.setdefault(f"members of {archive.name} left out: {reason}", []).append(member.filename)
    return Counter({_named(what, names): len(names) for what, names in found.items()})


def _unpack(opened: zipfile.ZipFile, member: zipfile.ZipInfo, folder: Path) -> str:
    """Unpack a picture or an annotation file; return why it is left out, or ''."""
    steps = re.split(r"[/\\]", member.filename)
    if steps[0] == "" or ".." in steps:
        return "their path leads out"
    if any(step.startswith(".") or len(step) > LONGEST_STEP for step in steps):
        return "hidden, or with a name that no disk takes"
    ending = PurePosixPath(steps[-1]).suffix.lower()
    picture = ending in SUFFIXES
    if not picture and ending not in ANNOTATION_SUFFIXES:
        return "no pictures and no annotation"
    target = folder.joinpath(*steps) if picture else folder / steps[-1]
    if target.exists():
        return "another came before"
    limits = (LARGEST_PICTURE, RATIO_PICTURE) if picture else (LARGEST_JSON, RATIO_JSON)
    reason = _refused(member, *limits) or _extract(opened, member, target)
    return reason.partition(" (")[0]


def _named(what: str, names: list[str]) -> str:
    """Add the first members that met a fault."""
    if what in {NEW, BEFORE}:
        return what
    shown = ", ".join(name[:60].encode("utf-8", "replace").decode() for name in names[:NAMED])
    return f"{what} ({shown}{', ...' if len(names) > NAMED else ''})"


def _opened(archive: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(archive)
    except _BROKEN as error:
        raise InputError(
            f"{archive} is no whole zip archive ({error}); remove it, and it is fetched anew"
        ) from None


def _members(opened: zipfile.ZipFile, archive: Path) -> list[zipfile.ZipInfo]:
    members = [member for member in opened.infolist() if not member.is_dir()]
    total, allowed = (
        sum(member.file_size for member in members),
        RATIO_ALL * archive.stat().st_size + LARGEST_JSON,
    )
    if len(members) > MOST_MEMBERS or total > allowed:
        raise InputError(
            f"{archive} announces {len(members):,} files of {total:,} bytes in all; allowed: {MOST_MEMBERS:,} of "
            f"{allowed:,}; get the right archive"
        )
    return members


def _picture(opened: zipfile.ZipFile, member: zipfile.ZipInfo, folder: Path, unpacked: set[str]) -> str:
    """Unpack one picture and return what happened, in words for the counts."""
    found = PICTURE.fullmatch(member.filename)
    if not found:
        outside = member.filename.startswith(("/", "\\")) or ".." in re.split(r"[/\\]", member.filename)
        return (
            "members refused: their path leads out"
            if outside
            else "members left out: no picture of the data set"
        )
    if found[1] in unpacked:
        return "members left out: the picture came before"
    reason = _refused(member, LARGEST_PICTURE, RATIO_PICTURE)
    target = folder / found[1]
    if not reason and target.is_file() and target.stat().st_size == member.file_size:
        unpacked.add(found[1])
        return BEFORE
    reason = reason or _extract(opened, member, target)
    if reason:
        return f"pictures left out: {reason.partition(' (')[0]}"
    unpacked.add(found[1])
    return NEW


def _refused(member: zipfile.ZipInfo, largest: int, ratio: int) -> str:
    """Return why a member is not even opened, or ''."""
    kind = stat.S_IFMT(member.external_attr >> 16)
    if kind not in {0, stat.S_IFREG}:
        return "a link or a device"
    if member.flag_bits & 1:
        return "encrypted"
    packed_too_well = member.file_size > max(SMALL, ratio * member.compress_size)
    return "too large" if member.file_size > largest or packed_too_well else ""


def _extract(opened: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path) -> str:
    """Unpack a member to `target` by way of a temporary file; return why it is broken, or ''."""
    target.parent.mkdir(parents=True, exist_ok=True)
    half = target.with_name(f".{target.name}.partial")
    try:
        with opened.open(member) as source, half.open("wb") as file:
            shutil.copyfileobj(source, file, 1 << 20)
        half.replace(target)
    except (*_BROKEN, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # the disk's fault; bz2 has no errno
        return f"broken ({one_line(error, 100)})"
    finally:
        half.unlink(missing_ok=True)
    return ""
