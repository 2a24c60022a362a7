"""The classes: names of objects and predicates, ids 1-based, 0 is background."""

import reprlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from relclip.core.atomic import write_json
from relclip.core.errors import ContractError, InputError
from relclip.core.json_file import read_json, read_text

_BUILT_IN = Path(__file__).parent / "vocabularies"
#: The vocabulary that is what the data say (relclip/dataset/found.py).
FOUND = "found"
#: Ids are int16 in every Parquet file.
MOST_NAMES = 2**15 - 1
LONGEST_NAME = 1000


@dataclass(frozen=True)
class Vocabulary:
    """Names in the order of their ids: `objects[0]` has id 1."""

    objects: tuple[str, ...]
    predicates: tuple[str, ...]

    @cached_property
    def object_ids(self) -> dict[str, int]:
        """Name of an object class -> its id."""
        return {name: number for number, name in enumerate(self.objects, 1)}

    @cached_property
    def predicate_ids(self) -> dict[str, int]:
        """Name of a predicate -> its id."""
        return {name: number for number, name in enumerate(self.predicates, 1)}

    def save(self, path: Path) -> None:
        """Write the contract's vocabulary.json."""
        write_json(path, {"objects": list(self.objects), "predicates": list(self.predicates)})


def load_vocabulary(path: Path) -> Vocabulary:
    """Read a vocabulary.json: {"objects": [names], "predicates": [names]}, each a non-empty list without repeats."""
    content = read_json(path, "give a vocabulary.json, as the stage dataset writes it")
    if not isinstance(content, dict):
        raise ContractError(f'{path} must look like {{"objects": [names], "predicates": [names]}}')
    return Vocabulary(*(checked_names(content.get(key), key, path) for key in ("objects", "predicates")))


def checked_names(names: object, key: str, path: Path) -> tuple[str, ...]:
    """Return the list of names that `path` has as `key`. Raises ContractError for what is none, or no plain text."""
    if not isinstance(names, list):
        raise ContractError(f"{path}: '{key}' must be a list of names, met {reprlib.repr(names)}")
    for number, name in enumerate(names, 1):
        if not isinstance(name, str) or not name.strip():
            raise ContractError(
                f"{path}: '{key}' must be a list of names, its entry {number} is {reprlib.repr(name)}"
            )
        if not is_plain(name):
            raise ContractError(
                f"{path}: '{key}' holds a name with control characters, or more than {LONGEST_NAME} in all, as entry"
                f" {number}; names are plain text"
            )
    if not names:
        raise ContractError(f"{path}: '{key}' is empty; at least one name is needed")
    if len(names) > MOST_NAMES:
        raise ContractError(f"{path}: '{key}' holds {len(names)} names; at most {MOST_NAMES} are possible")
    repeated = [name for name, times in Counter(names).items() if times > 1]
    if repeated:
        raise ContractError(f"{path}: '{key}' holds '{repeated[0]}' more than once")
    return tuple(names)


def is_plain(name: str) -> bool:
    """Whether a class may be called so: without control characters, and not too long."""
    return name.isprintable() and len(name) <= LONGEST_NAME


def load_names(source: str | Sequence[str], key: str = "list") -> tuple[str, ...]:
    """Return the names themselves, a built-in list (`vg150`, `vg20`), or the lines of a text file, in its order.

    `found` names nothing yet: what it means stands in the data, and then in the stage dataset's vocabulary.json. `key`:
    what an error calls a list that is no good.
    """
    if source == FOUND:
        return ()
    if not isinstance(source, str):
        return checked_names(list(source), key, Path("params.yaml"))
    built_in = _BUILT_IN / f"{source}.txt"
    path = built_in if built_in.is_file() else Path(source)
    try:
        names = [line.strip() for line in read_text(path).splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError):
        allowed = ", ".join([*sorted(file.stem for file in _BUILT_IN.glob("*.txt")), FOUND])
        raise InputError(
            f"the vocabulary '{source}' is neither built in ({allowed}) nor a readable text file"
        ) from None
    return checked_names(names, source, path)
