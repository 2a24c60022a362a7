"""The files that are fetched: names, where from, size and SHA-256 where known (files.json), and their first bytes."""

import zipfile
from dataclasses import dataclass
from pathlib import Path

from relclip.core.json_file import read_json
from relclip.core.params.raw import VisualGenome

HDF5 = b"\x89HDF\r\n\x1a\n"
#: A cut-off or dead link's page would pass for text otherwise.
_NO_TEXT = (b"<", b"\x00", b"\x1f\x8b", b"PK", HDF5[:4])
LIST = Path(__file__).with_name("files.json")


@dataclass(frozen=True)
class Remote:
    """One file: `mirrors` in the order they are asked; `size` in bytes and `sha256` are None where nobody knows."""

    name: str
    about: str
    mirrors: tuple[str, ...]
    size: int | None = None
    sha256: str | None = None

    @property
    def shown_size(self) -> str:
        """The size in words."""
        return "size unknown" if self.size is None else amount(self.size)


def wanted_files(settings: VisualGenome) -> list[Remote]:
    """The files of the route and of the parts of Conceptual Captions that `settings` ask for."""
    return [
        Remote(
            entry["name"],
            entry["about"],
            tuple(settings.mirrors.get(entry["name"], entry["mirrors"])),
            entry["size"],
            entry["sha256"],
        )
        for entry in read_json(LIST)
        if settings.route in entry["routes"] or entry.get("captions") in settings.captions
    ]


def amount(count: float) -> str:
    """Bytes in words: 9.7 GB."""
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count:.0f} bytes"


def wrong(path: Path, name: str) -> str:
    """Return what is wrong with the content of `path` as the file `name`, or ''."""
    with path.open("rb") as file:
        first = file.read(64).lstrip(b"\xef\xbb\xbf \t\r\n")
    if not first:
        return "is empty"
    if name.endswith(".zip"):
        return "" if zipfile.is_zipfile(path) else "is no whole zip archive"
    if name.endswith(".h5"):
        return "" if first.startswith(HDF5) else "is no HDF5 file"
    if name.endswith(".json"):
        return "" if first[:1] in b"[{" else "is no JSON"
    return "is no text" if first.startswith(_NO_TEXT) else ""
