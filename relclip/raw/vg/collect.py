"""Every wanted file at hand: named in raw.vg.have, put or fetched into raw.vg.folder, or listed in one message."""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from relclip.core.atomic import make_folder
from relclip.core.errors import InputError
from relclip.core.params.raw import VisualGenome
from relclip.core.process import say
from relclip.raw.vg.files import Remote, amount, wanted_files, wrong
from relclip.raw.vg.mirrors import Downloads, Failures
from relclip.raw.vg.unzip import folder_of, is_unpacked

PICTURES = ("images.zip", "images2.zip")


def collect(settings: VisualGenome) -> dict[str, Path]:
    """Return name -> path of every file that the route needs; what is missing is fetched.

    Raises InputError where a file of raw.vg.have is not what it should be, the disk is too small, or files remain
    missing: then one message names them all, what each mirror said, and where to put them.
    """
    folder = Path(settings.folder)
    make_folder(folder)
    places: dict[str, Path] = {}
    missing: list[Remote] = []
    for remote in wanted_files(settings):
        if remote.name in settings.have:
            places[remote.name] = _have(remote, settings.have[remote.name])
        else:
            places[remote.name] = folder / remote.name
            if not _there(folder, remote):
                missing.append(remote)
    _check_space(folder, missing)
    failed = Downloads(folder, settings).all(missing)
    if failed:
        raise InputError(*_report([remote for remote in missing if remote.name in failed], failed, folder))
    return places


def _have(remote: Remote, text: str) -> Path:
    """The path that the user names for a file; a folder for pictures, an unpacked .json for a .json.zip."""
    path = Path(text)
    if path.is_dir() and remote.name in PICTURES:
        return path
    if not path.is_file():
        allowed = "a file or a folder of pictures" if remote.name in PICTURES else "a file"
        raise InputError(
            f"raw.vg.have says {remote.name} is '{text}', which is no such thing; name {allowed}"
        )
    name = path.name if remote.name.endswith(".json.zip") else remote.name
    reason = wrong(path, name if name.endswith((".json", ".zip")) else remote.name)
    if reason:
        raise InputError(f"raw.vg.have says {remote.name} is '{text}', which {reason}; name a whole copy")
    _note_size(path, remote if name == remote.name else Remote(name, "", ()))
    return path


def _there(folder: Path, remote: Remote) -> bool:
    """Whether the file, or what was unpacked from it, is in the folder."""
    path = folder / remote.name
    if not path.is_file():
        return remote.name in PICTURES and is_unpacked(folder_of(remote.name, folder))
    reason = wrong(path, remote.name)
    if reason:
        raise InputError(f"{path} {reason}; remove it, and it is fetched anew, or put a whole copy there")
    _note_size(path, remote)
    return True


def _note_size(path: Path, remote: Remote) -> None:
    if remote.size not in {None, path.stat().st_size}:
        say(f"{path} has {path.stat().st_size} bytes, the published file {remote.size}; it is used as it is")


def _check_space(folder: Path, missing: Sequence[Remote]) -> None:
    """Raise InputError where the disk cannot hold what is known to come."""
    needed = sum(_to_come(remote, folder) for remote in missing)
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise InputError(
            f"{folder} needs {amount(needed)} for Visual Genome and its disk has {amount(free)} free; make room, or "
            "set raw.vg.folder to a folder on a larger disk"
        )


def pictures_to_come(settings: VisualGenome, output: Path) -> int:
    """Bytes that the pictures are still to take on the disk of `output`, where they are put as hard links.

    That is what is fetched and unpacked there, and copies of what lies on another disk.
    """
    folder, total = Path(settings.folder), 0
    for remote in wanted_files(settings):
        if remote.name not in PICTURES:
            continue
        archive = Path(settings.have[remote.name] if remote.name in settings.have else folder / remote.name)
        pictures = archive if archive.is_dir() else folder_of(remote.name, folder)
        if disk_of(pictures) != disk_of(output):
            total += 0 if (output / "images").exists() else remote.size or 0
        elif not (archive.is_dir() or is_unpacked(pictures)):
            total += _to_come(remote, folder) - ((remote.size or 0) if archive.exists() else 0)
    return total


def disk_of(path: Path) -> int:
    """The number of the disk where a path is, or would be made."""
    return next(place for place in (path, *path.absolute().parents) if place.exists()).stat().st_dev


def _to_come(remote: Remote, folder: Path) -> int:
    """Bytes that a file that is not there is still to take in `folder`: pictures are unpacked beside their zip."""
    part = folder / f"{remote.name}.part"
    fetched = part.stat().st_size if part.exists() else 0
    return (remote.size or 0) * (2 if remote.name in PICTURES else 1) - fetched


def _report(missing: Sequence[Remote], failed: Mapping[str, Failures], folder: Path) -> list[str]:
    lines = [f"Visual Genome is not complete here; {len(missing)} files could not be fetched:"]
    for remote in missing:
        lines.append(f"  {remote.name} ({remote.about}, {remote.shown_size})")
        lines += [f"    {address}: {reason}" for address, reason in failed[remote.name]] or [
            "    no mirror is listed"
        ]
    lines += [
        f"Put each file into {folder}/ under that name, or say where you have it: raw.vg.have in params.yaml, such as",
        f"  have: {{{missing[0].name}: /path/to/{missing[0].name}}}",
        "(for images.zip and images2.zip a folder of pictures will do). raw.vg.mirrors takes other addresses. Then run",
        "the same command again: what has come is kept, and it goes on from there.",
    ]
    return lines
