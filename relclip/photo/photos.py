"""Which photos are meant, and what the folder of each one's results is called."""

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from relclip.core.atomic import real
from relclip.core.errors import InputError
from relclip.core.images import HEIF_SUFFIXES, SUFFIXES
from relclip.photo.graph import printable

#: Endings of files that are taken for photos; what cannot be read of them is told by name.
PICTURES = SUFFIXES + HEIF_SUFFIXES
_LONGEST = 80
_ADDRESSES = ("http:", "https:")
_UNENTERED = "folder that is a link or may not be entered"
#: Not in a name on some file system, or in the way on a command line.
_AWKWARD = '<>:"/\\|?*'


def find_photos(paths: Sequence[Path], output: Path) -> list[Path]:
    """The files among `paths`, and the pictures below its folders, sorted; each file once, none below `output`.

    Raises InputError where a path does not exist or a folder holds no picture.
    """
    found: dict[Path, Path] = {}
    for path in paths:
        if path.is_dir():
            inside = [one for one in _below(path) if not real(one).is_relative_to(real(output))]
            if not inside and real(path).is_relative_to(real(output)):
                raise InputError(
                    f"{path} lies in the output {output}, whose results are no photos; name another"
                )
            if not inside:
                raise InputError(
                    f"the folder {path} holds no picture ({', '.join(PICTURES)}); give photos or folders"
                )
            photos: Iterable[Path] = inside
        elif path.exists():
            photos = [path]
        elif path.parts and path.parts[0] in _ADDRESSES:
            raise InputError(f"{printable(str(path))} is an address; fetch the photo, and give its file")
        else:
            raise InputError(f"{printable(str(path))} does not exist; give photos or folders of photos")
        for photo in photos:
            found.setdefault(real(photo), photo)
    return list(found.values())


def passed_over(paths: Sequence[Path], output: Path) -> str:
    """What else lies in these folders, counted by ending, in a sentence; '' for nothing."""
    counts: Counter[str] = Counter()
    for folder in (path for path in paths if path.is_dir()):
        files, closed = _files(folder)
        counts += Counter({_UNENTERED: len(closed)})
        for path in files:
            if path.suffix.lower() not in PICTURES and not real(path).is_relative_to(real(output)):
                counts[printable(path.suffix.lower()[:_LONGEST]) or "no ending"] += 1
    kinds = ", ".join(f"{count} x {ending}" for ending, count in sorted(counts.items()))
    return f"passed over, taken for no pictures: {kinds}" if kinds else ""


def folder_names(photos: Sequence[Path], files: Iterable[str]) -> list[str]:
    """A name for the results of each photo: its own without ending, with -2, -3 where it came before.

    `files`: what else is written beside these folders: nothing is called so.
    """
    taken = set(files)
    return [_free(_plain(photo.stem), taken) for photo in photos]


def shown_names(photos: Sequence[Path]) -> list[str]:
    """Each photo's path below the folder that holds them all, with forward slashes."""
    whole = [os.path.abspath(photo) for photo in photos]  # noqa: PTH100  # links stay as they were named
    shared = os.path.commonpath([os.path.dirname(path) for path in whole])  # noqa: PTH120
    return [printable(Path(path).relative_to(shared).as_posix()) for path in whole]


def _below(folder: Path) -> Iterator[Path]:
    """Pictures below a folder."""
    return (path for path in _files(folder)[0] if path.suffix.lower() in PICTURES)


def _files(folder: Path) -> tuple[list[Path], list[Path]]:
    """What lies below a folder, in the order of the paths, and which folders were not entered: links, and closed ones.

    Hidden files and folders are left out. What is no plain file is there too: a broken link is a photo that is missing.
    """
    found: list[Path] = []
    closed: list[Path] = []

    def not_entered(error: OSError) -> None:
        closed.append(Path(error.filename))

    for place, folders, names in os.walk(folder, onerror=not_entered):
        folders[:] = [name for name in folders if not name.startswith(".")]
        closed += [path for name in folders if (path := Path(place, name)).is_symlink()]
        found += [Path(place, name) for name in names if not name.startswith(".")]
    return sorted(found), closed


def _plain(stem: str) -> str:
    clean = "".join("_" if letter in _AWKWARD or letter == "\ufffd" else letter for letter in printable(stem))
    return clean.strip(" .")[:_LONGEST] or "photo"


def _free(name: str, taken: set[str]) -> str:
    number, found = 1, name
    while found.casefold() in taken:
        number += 1
        found = f"{name}-{number}"
    taken.add(found.casefold())
    return found
