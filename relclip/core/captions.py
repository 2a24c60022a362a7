"""Reading captions: TSV (`caption<TAB>id`, gzip or not) or Parquet, in blocks, whatever the size of the corpus."""

import gzip
import hashlib
import io
import zlib
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from relclip.core.errors import InputError

_GZIP = b"\x1f\x8b"
_PARQUET = b"PAR1"
_COLUMNS = ("caption", "caption_id")


class Block(NamedTuple):
    """Raw captions on their way to a worker: UTF-8 lines `caption<TAB>id`, as read."""

    text: bytes
    lines: int


class Lines(NamedTuple):
    """Captions of a block with their ids, and how many lines were bad."""

    captions: list[tuple[str, str]]
    without_tab: int
    not_utf8: int


def blocks(files: Sequence[Path], size: int) -> Iterator[Block]:
    """Yield blocks of up to `size` lines, across files. Raises InputError where a file cannot be read."""
    lines = _lines(files)
    while part := list(islice(lines, size)):
        yield Block(b"".join(part), len(part))


def split_lines(block: Block) -> Lines:
    """Cut a block into (caption, id). Undecodable bytes become U+FFFD; a line without a tab is dropped; both count."""
    without_tab = not_utf8 = 0
    captions = []
    try:
        text = block.text.decode("utf-8")
    except UnicodeDecodeError:
        text = block.text.decode("utf-8", errors="replace")
        not_utf8 = sum(not _decodable(line) for line in block.text.split(b"\n"))
    for line in text.split("\n"):
        caption, tab, caption_id = line.partition("\t")
        if tab:
            captions.append((caption, caption_id.rstrip("\r")))
        elif line.strip():
            without_tab += 1
    return Lines(captions, without_tab, not_utf8)


def digest(files: Sequence[Path]) -> str:
    """SHA-256 over the bytes of all files, in their order."""
    whole = hashlib.sha256()
    for path in files:
        with path.open("rb") as file:
            whole.update(hashlib.file_digest(file, "sha256").digest())
    return whole.hexdigest()


def check(files: Sequence[Path]) -> None:
    """Raise InputError where no file is given, or one is missing or a folder."""
    if not files:
        raise InputError("no caption file is given; give at least one TSV (caption<TAB>id) or Parquet file")
    for path in files:
        if not path.is_file():
            raise InputError(
                f"the caption file {path} does not exist; give a TSV (caption<TAB>id) or Parquet file"
            )


def _decodable(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _lines(files: Sequence[Path]) -> Iterator[bytes]:
    for path in files:
        with path.open("rb") as file:
            start = file.read(4)
        if start == _PARQUET:
            yield from _parquet_lines(path)
        else:
            yield from _text_lines(path, start.startswith(_GZIP))


def _text_lines(path: Path, zipped: bool) -> Iterator[bytes]:
    try:
        with gzip.open(path) if zipped else path.open("rb") as raw, io.BufferedReader(raw, 1 << 20) as file:  # type: ignore[arg-type]
            for line in file:
                if line.strip():
                    yield line if line.endswith(b"\n") else line + b"\n"
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(f"{path} is a damaged gzip file ({error}); fetch it again") from None


def _parquet_lines(path: Path) -> Iterator[bytes]:
    try:
        with pq.ParquetFile(path) as file:
            missing = [name for name in _COLUMNS if name not in file.schema_arrow.names]
            if missing:
                raise InputError(
                    f"{path} lacks the column '{missing[0]}'; captions need the columns caption, caption_id"
                )
            for batch in file.iter_batches(columns=list(_COLUMNS)):
                captions, ids = (batch.column(name).cast(pa.string()).to_pylist() for name in _COLUMNS)
                for caption, caption_id in zip(captions, ids, strict=True):
                    text = " ".join((caption or "").split())
                    yield f"{text}\t{'' if caption_id is None else caption_id}\n".encode("utf-8", "replace")
    except (pa.ArrowInvalid, OSError) as error:
        raise InputError(f"{path} is not readable as Parquet ({error}); make it again") from error
