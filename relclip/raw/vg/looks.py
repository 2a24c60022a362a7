"""Whether a file is what its name says, as far as its first bytes and a zip's list of contents tell."""

import zipfile
from pathlib import Path

HDF5 = b"\x89HDF\r\n\x1a\n"
#: A cut-off or dead link's page would pass for text otherwise.
_NO_TEXT = (b"<", b"\x00", b"\x1f\x8b", b"PK", HDF5[:4])


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
