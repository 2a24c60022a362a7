"""Caption files of others -> one captions.tsv: `caption<TAB>id`, ids made unique by their file's name."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain, count
from pathlib import Path

from relclip.core.atomic import atomic_file
from relclip.core.captions import GZIP, LONGEST_CAPTION, MARK, PARQUET, beginning, open_text, parquet_lines
from relclip.core.errors import InputError
from relclip.core.progress import progress


def join_captions(files: Sequence[Path], path: Path) -> Counter[str]:
    """Write all captions to `path`, in the order of `files` and lines; return counts in words.

    A line is `caption` or `caption<TAB>id`, a row of Parquet the same in columns `caption`, `caption_id`; without
    an id, its number. First bytes tell gzip and Parquet. Bytes that are not UTF-8 are kept as they are, so that `kb`
    meets and counts them too.
    Raises InputError where a file is missing, broken or of another kind, or no file holds a caption.
    """
    counts = Counter({"captions": 0})
    with atomic_file(path) as temporary, temporary.open("wb") as output:
        for file, stem in zip(files, _stems(files), strict=True):
            for number, line in enumerate(progress(_lines(file), f"captions of {stem}", "line"), 1):
                caption, what = _caption(line, stem, number)
                counts[what] += 1
                output.write(caption.encode("utf-8", "surrogateescape"))
        if files and not any(what.startswith("captions") for what in +counts):
            names = ", ".join(map(str, files))
            raise InputError(
                f"no caption in the files of raw.captions ({names}); give at least one that holds some"
            )
    return counts


def names_of(files: Sequence[str]) -> str:
    """The caption files in words."""
    return ", ".join(files) or "none"


def _stems(files: Sequence[Path]) -> list[str]:
    """File names without folder and suffixes; a name that comes again gets its place in the list, or the next."""
    stems: list[str] = []
    for place, file in enumerate(files, 1):
        name = file.name.split(".")[0]
        numbered = (f"{name}-{number}" for number in count(place))
        stems.append(next(one for one in chain([name], numbered) if one not in stems))
    return stems


def _lines(file: Path) -> Iterator[bytes]:
    first, mark = beginning(file), MARK
    if first == PARQUET:
        for rows in parquet_lines(file):
            yield from (line[:LONGEST_CAPTION] for line in rows.splitlines(keepends=True))
        return
    with open_text(file, first.startswith(GZIP)) as lines:
        while line := lines.readline(LONGEST_CAPTION):
            yield line.removeprefix(mark)
            mark = b""
            while len(line) == LONGEST_CAPTION and not line.endswith(b"\n"):
                line = lines.readline(LONGEST_CAPTION)  # the rest of it is passed over


def _caption(line: bytes, stem: str, number: int) -> tuple[str, str]:
    """Return the line to write ('' for none) and what it counts as."""
    if len(line) == LONGEST_CAPTION and not line.endswith(b"\n"):
        return "", "lines left out: too long for a caption"
    caption, _, name = (
        " ".join(part.split()) for part in line.decode("utf-8", "surrogateescape").partition("\t")
    )
    if not caption:
        return "", "lines left out: empty"
    broken = any("\udc80" <= letter <= "\udcff" for letter in caption + name)
    what = "captions with bytes that are not UTF-8" if broken else "captions"
    return f"{caption}\t{stem}:{name or number}\n", what
