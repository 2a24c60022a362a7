"""What a data set says of itself, data/raw/source.json: pages and model cards take it from there."""

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

    `source`: as raw.source names it; `route`: Visual Genome's; `files`: sizes of what it was made from.
    """

    title: str = "a data set that does not say what it is"
    about: str = ""
    licence: str = (
        "Licence of the data: unknown. The files name none; ask whoever made the pictures, annotations and captions "
        "before you pass the weights on."
    )
    drawn: bool = False
    source: str = ""
    route: str = ""
    files: Mapping[str, int] = field(default_factory=dict)

    def save(self, raw: Path) -> None:
        """Write it into the folder of the stage `raw`."""
        write_json(raw / FILE, asdict(self))


UNKNOWN = Origin()


def read_origin(raw: Path) -> Origin:
    """What source.json in `raw` says; the defaults where it is absent. Raises ContractError where it is broken."""
    return Origin(**said_of_itself(raw))


def said_of_itself(folder: Path) -> dict[str, Any]:
    """The fields of Origin that source.json in a folder has, each where it is of its kind."""
    path = folder / FILE
    content = read_json(path, "run the stage `raw` again, or mend the file") if path.is_file() else {}
    said = content if isinstance(content, dict) else {}
    fits = {
        name: said[name] for name, usual in asdict(UNKNOWN).items() if isinstance(said.get(name), type(usual))
    }
    return {name: value[:LONGEST] if isinstance(value, str) else value for name, value in fits.items()}
