"""What a data set says of itself, data/raw/source.json: pages, model cards and the stage `dataset` take it from there."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from relclip.core.atomic import write_json
from relclip.core.json_file import read_json

FILE = "source.json"
LONGEST = 2000


@dataclass(frozen=True)
class Origin:
    """`title`: half a sentence; `about`, `licence`: sentences. `drawn`: by a program, so no photographs.

    `files`: sizes of what it was made from. `expected`: counts that the stage `dataset` should find (its
    `expected.py`), for data sets whose counts were published.
    """

    title: str = "a data set that does not say what it is"
    about: str = ""
    licence: str = "Licence of the data: unknown."
    drawn: bool = False
    files: Mapping[str, int] = field(default_factory=dict)
    expected: Mapping[str, Any] = field(default_factory=dict)

    def save(self, raw: Path) -> None:
        """Write it into the folder of the stage `raw`."""
        write_json(raw / FILE, asdict(self))


def read_origin(raw: Path) -> Origin:
    """What source.json in `raw` says, each thing where it is of its kind; the defaults where it is absent.

    Raises ContractError where the file is broken.
    """
    content = read_json(raw / FILE, "run the stage `raw` again") if (raw / FILE).is_file() else {}
    said = content if isinstance(content, dict) else {}
    default = asdict(Origin())
    kinds = {name: type(value) for name, value in default.items()}
    fits = {name: said[name] for name, kind in kinds.items() if isinstance(said.get(name), kind)}
    return Origin(**{name: value[:LONGEST] if isinstance(value, str) else value for name, value in fits.items()})
