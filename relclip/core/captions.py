"""Reading captions: TSV (`caption<TAB>id`, gzip or not) or Parquet, in blocks, whatever the size of the corpus."""

import codecs
import gzip
import re
import zlib
from collections.abc import Iterator, Sequence, Set
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from relclip.core.errors import InputError, no_file
from relclip.core.parquet import check_names, readable, texts_of
from relclip.core.progress import progress

#: First bytes of the kinds of files that are read.
GZIP, PARQUET, MARK = b"\x1f\x8b", b"PAR1", codecs.BOM_UTF8
_COLUMNS = ("caption", "caption_id")
_BYTES_AT_ONCE = 1 << 20
_LONGEST_LINE = 1 << 20
#: A caption is a sentence: longer text is something else, and must not fill the memory.
LONGEST_CAPTION = 1 << 14
_ROWS_AT_ONCE = 1 << 13
#: A block ends before its number of lines where these are long, so that no file can fill the memory.
_LARGEST_BLOCK = 1 << 24
_OTHERS = {
    b"PK\x03\x04": "a zip archive",
    b"BZh": "packed by bzip2",
    b"\xfd7zX": "packed by xz",
    b"\x28\xb5\x2f\xfd": "packed by zstd",
    codecs.BOM_UTF16_LE: "text in UTF-16",
    codecs.BOM_UTF16_BE: "text in UTF-16",
}
_JSON = re.compile(rb"\{|\[\s*[\[{\"]")
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

    def utf8(self) -> tuple[bytes, int]:
        """The same as bytes."""
        text, bad = self.decode()
        return (text.encode("utf-8") if bad else self.text), bad

    def captions(self) -> list[tuple[str, str]]:
        """(caption, id) of each line; one without a tab is left out."""
        return [caption_and_id(line) for line in self.decode()[0].split("\n") if "\t" in line]


def blocks(files: Sequence[Path], size: int) -> Iterator[Block]:
    """Yield blocks of `size` lines (fewer where they are very long), across files; the same files, the same blocks.

    Blank lines are left out; of a line of several MiB the middle is. Raises InputError where a file cannot be read.
    """
    held = b""
    for lines in _lines(files):
        held += lines
        ends, begin, first = line_ends(held), 0, 0
        while True:
            last = min(first + size, int(np.searchsorted(ends, begin + _LARGEST_BLOCK)))
            if last - first < size and last == len(ends):
                break
            yield Block(held[begin : ends[last - 1]], last - first)
            begin, first = int(ends[last - 1]), last
        held = held[begin:]
    if held:
        yield Block(held, held.count(b"\n"))


def line_ends(text: bytes) -> NDArray[np.int64]:
    """Where the next line begins, for each line of a text that ends with one, (N,)."""
    return np.flatnonzero(np.frombuffer(text, np.uint8) == ord("\n")) + 1


def caption_and_id(line: str) -> tuple[str, str]:
    """The two fields of a line; further fields and the line's end are left out."""
    caption, _, rest = line.partition("\t")
    return caption, rest.partition("\t")[0].removesuffix("\n").rstrip("\r")


def read(files: Sequence[Path], what: str = "captions") -> Iterator[tuple[str, str]]:
    """Yield the (caption, id) of all lines; `what`: what its progress is called."""
    for block in progress(blocks(files, _BLOCK), what, "block"):
        yield from block.captions()


def texts(files: Sequence[Path], wanted: Set[str]) -> dict[str, str]:
    """Id -> caption, of the wanted ids that the files have; the first caption of an id counts."""
    found: dict[str, str] = {}
    for text, caption in read(files):
        if caption in wanted:
            found.setdefault(caption, text)
    return found


def check(files: Sequence[Path]) -> None:
    """Raise InputError where no file is given, or one is missing or no file (a pipe can be read only once)."""
    if not files:
        raise InputError("no caption file is given; give at least one TSV (caption<TAB>id) or Parquet file")
    for path in files:
        _check(path)


def _check(path: Path) -> None:
    if not path.is_file():
        raise InputError(
            f"the caption file {path} {no_file(path)}; give a TSV (caption<TAB>id) or Parquet file"
        )


def beginning(path: Path) -> bytes:
    """The first bytes of a caption file. Raises InputError for no file, or one of a kind that nobody here reads."""
    _check(path)
    with path.open("rb") as file:
        start = file.read(4)
    for magic, what in _OTHERS.items():
        if start.startswith(magic):
            raise _of_another_kind(path, what)
    return start


def _of_another_kind(path: Path, what: str) -> InputError:
    return InputError(
        f"the caption file {path} is {what}; give UTF-8 text (caption<TAB>id), gzipped or not, or Parquet"
    )


def _other_kind(path: Path, begin: bytes) -> str:
    """What a file that begins so is, if it is no text of captions and ids."""
    text = begin.removeprefix(MARK).lstrip()
    tabbed = b"\t" in text.partition(b"\n")[0]
    if _JSON.match(text) and not tabbed:
        return "JSON"
    if begin.count(0) > len(begin) // 4:
        return "no UTF-8 text: it is full of zero bytes"
    table = {".csv", ".CSV"} & set(path.suffixes)
    return "a table of comma-separated values" if table and not tabbed else ""


@contextmanager
def open_text(path: Path, zipped: bool) -> Iterator[IO[bytes]]:
    """A caption file of text, or gzip of it.

    Raises InputError where its gzip is damaged, no LF ends its lines, or its text is in another format.
    """
    try:
        with gzip.open(path) if zipped else path.open("rb") as file:
            begin = file.peek(LONGEST_CAPTION)
            if what := _other_kind(path, begin):
                raise _of_another_kind(path, what)
            if begin.count(b"\r") > 1 and b"\n" not in begin:
                raise InputError(
                    f"the caption file {path} ends its lines with CR alone, as old Macs did; write LF instead: "
                    f"{'zcat' if zipped else 'cat'} OLD | tr '\\r' '\\n' > NEW"
                )
            yield cast("IO[bytes]", file)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(f"{path} is a damaged gzip file ({error}); get a whole copy") from None


def _decodable(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _lines(files: Sequence[Path]) -> Iterator[bytes]:
    """Whole lines, each with its end, none blank."""
    for path in files:
        start = beginning(path)
        if start == PARQUET:
            yield from parquet_lines(path, _COLUMNS)
        else:
            yield from _text_lines(path, start.startswith(GZIP))


def _text_lines(path: Path, zipped: bool) -> Iterator[bytes]:
    rest, mark = b"", MARK
    with open_text(path, zipped) as file:
        while read := file.read(_BYTES_AT_ONCE):
            body, end, rest = (rest + read.removeprefix(mark)).rpartition(b"\n")
            rest, mark = rest[:_LONGEST_LINE], b""
            if end:
                yield _without_blank(body + end)
    if rest.strip():
        yield rest + b"\n"


def _without_blank(text: bytes) -> bytes:
    starts = np.append(0, line_ends(text)[:-1])
    if (np.frombuffer(text, np.uint8)[starts] > ord(" ")).all():
        return text
    return b"".join(line + b"\n" for line in text.split(b"\n") if line.strip())


def parquet_lines(path: Path, needed: Sequence[str] = _COLUMNS[:1]) -> Iterator[bytes]:
    """Lines of text, many at once, `caption<TAB>id` or, where the file has no ids and needs none, `caption`.

    Raises InputError where it cannot be read or lacks a needed column.
    """
    with (
        readable(path, error=InputError),  # as dictionaries, so that one long text said often is held once
        pq.ParquetFile(path, read_dictionary=texts_of(path, _COLUMNS)) as file,
    ):
        names = file.schema_arrow.names
        check_names(path, names)
        missing = [name for name in needed if name not in names]
        if missing:
            raise InputError(f"{path} lacks the column '{missing[0]}'; captions need {' and '.join(needed)}")
        there = [name for name in _COLUMNS if name in names]
        for batch in file.iter_batches(_ROWS_AT_ONCE, columns=there):
            columns = [_one_line(batch.column(name)) for name in there]
            lines = pc.binary_join_element_wise(*columns, b"\t").to_pylist()
            yield b"".join(line + b"\n" for line in lines)


def _one_line(column: pa.Array) -> pa.Array:
    """A column as bytes without tabs or line ends, of a text the first LONGEST_CAPTION; what is absent is empty.

    As bytes, for Parquet does not look whether text is UTF-8: `Block` does.
    """
    column = column if pa.types.is_dictionary(column.type) else column.cast(pa.string()).dictionary_encode()
    met = pc.unique(column.indices)
    short = pc.binary_slice(column.dictionary.take(met).cast(pa.binary()), 0, LONGEST_CAPTION)
    line = pc.replace_substring_regex(short, r"[\t\n\v\f\r]", " ")
    return pc.fill_null(line.take(pc.index_in(column.indices, met)), b"")
