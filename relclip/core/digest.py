"""SHA-256 of files, as provenance: which bytes a result was made from."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from relclip.core.atomic import atomic_folder, write_json
from relclip.core.errors import ContractError, RelclipError
from relclip.core.json_file import read_object

#: What a stage's folder says of its files, that an edit of one is not taken for a result.
DIGESTS = "digests.json"
#: Files that carry a digest of their own (relclip/compute/seal.py).
_SEALED = ".safetensors"


def file_digest(path: Path) -> str:
    """Return the hex SHA-256 of one file, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def inputs_digest(*inputs: str) -> str:
    """The hex SHA-256 of what work depends on: what was left half done of other inputs begins anew."""
    return hashlib.sha256("\n".join(inputs).encode()).hexdigest()


@contextmanager
def made_folder(path: Path) -> Iterator[Path]:
    """`atomic_folder`, with the digests of its files."""
    with atomic_folder(path) as folder:
        yield folder
        write_digests(folder)


def write_digests(folder: Path, *files: Path) -> None:
    """Write DIGESTS: path below `folder` -> hex SHA-256 of `files`; without any, of all there that are not sealed."""
    files = files or tuple(one for one in folder.rglob("*") if one.is_file() and one.suffix != _SEALED)
    write_json(folder / DIGESTS, {one.relative_to(folder).as_posix(): file_digest(one) for one in files})


def changed(folder: Path, advice: str, error: type[RelclipError]) -> Iterator[Path]:
    """What is not as DIGESTS says, gone, or not below `folder`; without one nothing. `error`: where that is broken."""
    noted = read_object(folder / DIGESTS, advice, error) if (folder / DIGESTS).is_file() else {}
    for name, digest in noted.items():
        path, outside = folder / name, Path(name).is_absolute() or ".." in Path(name).parts
        if outside or not path.is_file() or file_digest(path) != digest:
            yield path


def check_digests(folder: Path) -> None:
    """Raise ContractError where a file is not what DIGESTS says; without one it passes, as does a file that is gone."""
    for path in changed(folder, "make this folder again", ContractError):
        if path.is_file():
            raise ContractError(
                f"{path} is not what its stage made: it was edited or damaged since; bring it back (dvc checkout"
                f" {folder}), or make it again (snakemake --cores all --force {path})"
            )


def check_maps(features: Path, digest: str | None = None) -> None:
    """Raise ContractError where maps.npy is not what the digest beside it says; without one it passes.

    `digest`: that of maps.npy, where it was read already. That a file is missing, its reader says.
    """
    path, record = features / "maps.npy", features / "maps.sha256"
    if not (path.is_file() and record.is_file()):
        return
    if (digest or file_digest(path)) != record.read_text("utf-8", "replace").strip():
        raise ContractError(
            f"{path} is not what {record.name} beside it says: the disk or a copy damaged it; run the `features`"
            f" stage again, in the workflow by `snakemake --cores all --force {path}`"
        )
