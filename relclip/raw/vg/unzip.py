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
from collections import Counter, defaultdict
from collections.abc import Callable
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
#: Longest name in bytes of a file or folder that is unpacked (a disk takes 255, beside it `.partial`); what holds
#: annotation.
LONGEST_STEP, ANNOTATION_SUFFIXES = 200, (".json", ".csv")
DONE = "done.json"
NEW, BEFORE = "images unpacked", "images unpacked before"
#: Members named in the counts, of each fault.
NAMED = 10
#: RuntimeError is NotImplementedError too: a method that Python's zipfile does not know.
_BROKEN = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, RuntimeError, ValueError)


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
    counts = _unpack(archive, folder, _numbered_picture)
    if not counts[NEW] + counts[BEFORE]:
        raise InputError(f"{archive} holds no picture such as VG_100K/1.jpg; get the right archive")
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
        found = [one for one in _members(opened, archive) if PurePosixPath(one.filename).name == name]
        if len(found) != 1:
            raise InputError(f"{archive} holds {len(found)} files {name}, not one; get the right archive")
        what = _extracted(opened, found[0], target)
    if what not in {NEW, BEFORE}:
        raise InputError(f"{name} in {archive} is {what}; remove the archive, and it is fetched anew")


def unpack_folder(archive: Path, folder: Path) -> Counter[str]:
    """Make `folder` of the archive's pictures, below their own folders, and its JSON and CSV files, flat.

    Returns counts in words of what was left out. Raises InputError where the archive cannot be read, or holds too much.
    """
    with atomic_folder(folder) as made:
        counts = _unpack(archive, made, _picture_or_annotation)
    del counts[NEW]
    return counts


def _numbered_picture(name: str) -> PurePosixPath | str:
    found = PICTURE.fullmatch(name)
    return PurePosixPath(found[1]) if found else "no image of the data set"


def _picture_or_annotation(name: str) -> PurePosixPath | str:
    steps = re.split(r"[/\\]", name)
    if not all(map(disk_takes, steps)):
        return "hidden, or with a name that no disk takes"
    ending = PurePosixPath(name).suffix.lower()
    if ending not in (*SUFFIXES, *ANNOTATION_SUFFIXES):
        return "no images and no annotation"
    return PurePosixPath(*steps) if ending in SUFFIXES else PurePosixPath(steps[-1])


def disk_takes(name: str) -> bool:
    """Whether a name from outside can be a file's or folder's that is not hidden."""
    return not name.startswith(".") and len(name.encode()) <= LONGEST_STEP


def _unpack(archive: Path, folder: Path, place_of: Callable[[str], PurePosixPath | str]) -> Counter[str]:
    """Unpack members into `folder`; return counts in words, with the first names of each fault.

    place_of: where the member of a name goes, or why it is left out.
    """
    found: dict[str, list[str]] = defaultdict(list)
    taken: set[PurePosixPath] = set()
    with _opened(archive) as opened:
        for member in progress(_members(opened, archive), f"unpack {archive.name}", "file"):
            steps = re.split(r"[/\\]", member.filename)
            leads_out = steps[0] == "" or ".." in steps
            place = "their path leads out" if leads_out else place_of(member.filename)
            if isinstance(place, str):
                what = place
            elif place in taken or (folder / place).is_dir() or not taken.isdisjoint(place.parents):
                what = "another came before"  # a file is no folder of others
            elif (what := _extracted(opened, member, folder / place)) in {NEW, BEFORE}:
                taken.add(place)
            found[what.partition(" (")[0]].append(member.filename)
    return Counter({_named(what, names, archive): len(names) for what, names in found.items()})


def _named(what: str, names: list[str], archive: Path) -> str:
    """Add the first members that met a fault."""
    if what in {NEW, BEFORE}:
        return what
    shown = ", ".join(name[:60].encode("utf-8", "replace").decode() for name in names[:NAMED])
    more = ", ..." if len(names) > NAMED else ""
    return f"members of {archive.name} left out: {what} ({shown}{more})"


def _opened(archive: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(archive)
    except _BROKEN as error:
        raise InputError(
            f"{archive} is no whole zip archive ({error}); remove it, and it is fetched anew"
        ) from None


def _members(opened: zipfile.ZipFile, archive: Path) -> list[zipfile.ZipInfo]:
    members = [member for member in opened.infolist() if not member.is_dir()]
    total = sum(member.file_size for member in members)
    allowed = RATIO_ALL * archive.stat().st_size + LARGEST_JSON
    if len(members) > MOST_MEMBERS or total > allowed:
        raise InputError(
            f"{archive} announces {len(members):,} files of {total:,} bytes in all; allowed: {MOST_MEMBERS:,} of "
            f"{allowed:,}; get the right archive"
        )
    return members


def _extracted(opened: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path) -> str:
    """Unpack a member, unless it is there with its size; return NEW, BEFORE, or why it is neither."""
    picture = target.suffix.lower() in SUFFIXES
    limits = (LARGEST_PICTURE, RATIO_PICTURE) if picture else (LARGEST_JSON, RATIO_JSON)
    if reason := _refused(member, *limits):
        return reason
    if target.is_file() and target.stat().st_size == member.file_size:
        return BEFORE
    return _extract(opened, member, target) or NEW


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
