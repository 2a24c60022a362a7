"""Lists and objects of JSON objects from outside, one at a time: VG's objects.json takes several GB in memory."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from relclip.core.atomic import note_read
from relclip.core.errors import InputError, no_file

Entry = dict[str, Any]
CHUNK = 1 << 20
LARGEST_ID = 2**63 - 1
LARGEST_NUMBER = int(sys.float_info.max)
_BLANK = " \t\r\n"
_DECODER = json.JSONDecoder()


def read_entries(path: Path) -> Iterator[Entry]:
    """Yield the objects of a JSON file that is one list of objects, holding little more than one in memory.

    Raises InputError where the file is missing, is not UTF-8, is no list of JSON objects or ends too early.
    """
    with _opened(path) as text:
        yield from (text.entry() for _ in text.parts("[", "]"))


def read_members(path: Path) -> Iterator[tuple[str, Entry]]:
    """Yield the names and objects of a JSON file that is one object of objects, as `read_entries` does a list's."""
    with _opened(path) as text:
        yield from ((text.name(), text.entry()) for _ in text.parts("{", "}"))


@contextmanager
def _opened(path: Path) -> Iterator["_Text"]:
    if not path.is_file():
        raise InputError(f"{path} {no_file(path)}; run the stage `raw`, or give the folder that holds it")
    note_read(path)
    try:
        with path.open(encoding="utf-8-sig") as file:
            yield _Text(file, path)
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path} is not UTF-8 ({error.reason} at byte {error.start}); save it as UTF-8"
        ) from None


def as_list(value: object) -> list[Any]:
    """Return `value` if it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def names_of(thing: Entry) -> list[str]:
    """The names of one of Visual Genome's objects, which come as a list or as one."""
    return [name for name in [*as_list(thing.get("names")), thing.get("name")] if isinstance(name, str)]


def number(value: object) -> int | float | None:
    """Return `value` if it is a number that a float can hold (NaN is one), else None."""
    fits = isinstance(value, float) or (isinstance(value, int) and abs(value) <= LARGEST_NUMBER)
    return value if fits else None  # type: ignore[return-value]


def identifier(entry: Entry, *keys: str) -> int | None:
    """Return the first of `keys` that the entry has, if it is a whole number of 64 bits, as `whole` reads one."""
    return whole(next((entry[key] for key in keys if key in entry), None))


def whole(value: object) -> int | None:
    """Return `value` if it is a whole number of 64 bits, also as 7.0 or "7", which tools write that know no other."""
    if isinstance(value, str):
        value = int(value) if value.isascii() and value.isdecimal() and len(value) < 20 else None
    elif isinstance(value, float) and value.is_integer():
        value = int(value)
    fits = isinstance(value, int) and not isinstance(value, bool) and -LARGEST_ID <= value <= LARGEST_ID
    return value if fits else None  # type: ignore[return-value]


class _Text:
    """A window on the file's text, from the place reached so far."""

    def __init__(self, file: TextIO, path: Path) -> None:
        self._file, self._path = file, path
        self._text, self._place, self._dropped = "", 0, 0

    def peek(self) -> str:
        """Skip blanks and return the next character; '' at the end of the file."""
        while True:
            while self._place < len(self._text) and self._text[self._place] in _BLANK:
                self._place += 1
            if self._place < len(self._text):
                return self._text[self._place]
            if not self._grow(CHUNK):
                return ""

    def parts(self, opening: str, closing: str) -> Iterator[None]:
        """Step to each part of a list or object, which is to be read before the next."""
        self.expect(opening)
        if self.peek() == closing:
            return
        met = ""
        while met != closing:
            yield
            met = self.expect(",", closing)

    def expect(self, *allowed: str) -> str:
        """Step over the next character, which must be one of `allowed`."""
        met = self.peek()
        if met not in allowed:
            raise self._error(
                f"'{met}' where '{' or '.join(allowed)}' must stand" if met else "its end too early"
            )
        self._place += 1
        return met

    def entry(self) -> Entry:
        """Decode the JSON object that begins here, reading on until it is whole."""
        if self.peek() != "{":
            raise self._error("an element that is no JSON object: the file must hold objects")
        return dict(self._value())

    def name(self) -> str:
        """Decode the name of a member, and step to what it names."""
        if self.peek() != '"':
            raise self._error("no name where a member's must stand")
        name = str(self._value())
        self.expect(":")
        return name

    def _value(self) -> Any:
        size = CHUNK
        while True:
            try:
                value, self._place = _DECODER.raw_decode(self._text, self._place)
            except RecursionError:
                raise self._error("values nested too deeply") from None
            except ValueError as error:
                if not self._grow(size):
                    raise self._error(f"broken JSON: {getattr(error, 'msg', error)}") from None
                size *= 2  # a huge element stays linear: each retry sees twice as much
                continue
            return value

    def _grow(self, size: int) -> bool:
        piece = self._file.read(size)
        self._dropped += self._place
        self._text, self._place = self._text[self._place :] + piece, 0
        return bool(piece)

    def _error(self, met: str) -> InputError:
        place = self._dropped + self._place
        return InputError(f"{self._path} is not what its format says: at character {place}, {met}")
