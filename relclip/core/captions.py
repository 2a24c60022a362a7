"""Reading captions: TSV (`caption<TAB>id`, gzip or not) or Parquet, in blocks, whatever the size of the corpus."""

import gzip
import io
import zlib
from collections.abc import Iterator, Sequence, Set
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from relclip.core.errors import InputError
from relclip.core.progress import progress

_GZIP = b"\x1f\x8b"
_PARQUET = b"PAR1"
_COLUMNS = ("caption", "caption_id")
_BLOCK = 10_000


class Block(NamedTuple):
    """Raw captions on their way to a worker: so many lines `caption<TAB>id`, each with its end, none blank."""

    text: bytes
    lines: int

    def decode(self) -> tuple[str, int]:
        """Return the text and how many lines are not UTF-8; their undecodable bytes become U+FFFD."""
        try:
            return self.text.decode("utf-8"), 0
        except UnicodeDecodeError:
            bad = sum(not _decodable(line) for line in self.text.split(b"\n"))
            return self.text.decode("utf-8", errors="replace"), bad


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
    """Cut a block into (caption, id). Lines without a tab are dropped and counted, as are undecodable bytes."""
    text, not_utf8 = block.decode()
    pairs = [caption_and_id(line) for line in text.split("\n") if "\t" in line]
    return Lines(pairs, block.lines - len(pairs), not_utf8)


def caption_and_id(line: str) -> tuple[str, str]:
    """The two fields of a line; further fields are left out."""
    caption, _, rest = line.partition("\t")
    return caption, rest.partition("\t")[0].rstrip("\r")


def texts(files: Sequence[Path], wanted: Set[str]) -> dict[str, str]:
    """Id -> caption, of the wanted ids that the files have; the first caption of an id counts."""
    found: dict[str, str] = {}
    for block in progress(blocks(files, _BLOCK), "captions", "block"):
        for text, caption in split_lines(block).captions:
            if caption in wanted:
                found.setdefault(caption, text)
    return found


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
        with gzip.open(path) if zipped else path.open("rb") as raw, io.BufferedReader(raw, 1 << 20) as file:
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
