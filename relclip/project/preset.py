"""`make preset NAME=... [SEEDS=...]`: put a preset's params.yaml in place.

The file of a preset in workflow/presets/ holds what it changes in `scenes`, whose file holds what it changes in the
schema's defaults (relclip/core/params/). As in a JSON merge patch (RFC 7396) mappings are laid over each other, all
else takes the place of what was there, and null takes it away; a mapping marked `!replace` takes the place too. What
is written is complete: every key, with the comments of both files.
"""

import argparse
import functools
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from relclip.core import command
from relclip.core.atomic import write_text
from relclip.core.errors import InputError
from relclip.core.params.errors import nearest, validate
from relclip.core.params.reading import UniqueKeys
from relclip.core.params.whole import Params
from relclip.project.commented import commented, comments_of
from relclip.project.more_seeds import with_seeds

PRESETS = Path("workflow/presets")
TARGET = Path("params.yaml")
#: What the other presets change.
BASE = "scenes"
Content = dict[str, Any]


@dataclass(frozen=True)
class Replacement:
    """A mapping that is not laid over the base's."""

    content: Any


class Changes(UniqueKeys):
    """YAML's safe loader, which knows `!replace`."""

    def replacement(self, node: yaml.MappingNode) -> Replacement:
        """A mapping marked so."""
        return Replacement(self.construct_mapping(node, deep=True))


Changes.add_constructor("!replace", Changes.replacement)


def patched(base: Any, changes: Any) -> Any:
    """`base` with `changes` laid over it."""
    if isinstance(changes, Replacement):
        return changes.content
    if not isinstance(changes, dict):
        return changes
    kept = dict(base) if isinstance(base, dict) else {}
    kept |= {key: patched(kept.get(key), value) for key, value in changes.items()}
    return {key: value for key, value in kept.items() if value is not None}


def preset_content(name: str, presets: Path = PRESETS) -> Content:
    """What the preset `name` says beside the schema's defaults. Raises InputError where there is no such preset."""
    texts = [path.read_text("utf-8") for path in _files(name, presets)]
    content: Content = functools.reduce(patched, (yaml.load(text, Changes) for text in texts), {})
    return content


def preset_text(name: str, presets: Path = PRESETS, seeds: int = 1) -> str:
    """The whole params.yaml of a preset, with `seeds` trainings of every row. Raises InputError as `preset_content`."""
    comments = [comments_of(path.read_text("utf-8")) for path in _files(name, presets)]
    params = validate(Params, with_seeds(preset_content(name, presets), seeds), "")
    return commented(params, {place: lines for found in comments for place, lines in found.items()})


def _files(name: str, presets: Path) -> Sequence[Path]:
    """The files of a preset, the base first."""
    known = _known(presets)
    if name not in known:
        raise InputError(
            f"there is no preset '{name}'{nearest(name, known)}; presets: {', '.join(known)}; make preset NAME={BASE}"
        )
    return [presets / f"{one}.yaml" for one in dict.fromkeys((BASE, name))]


def _known(presets: Path) -> list[str]:
    known = sorted(path.stem for path in presets.glob("*.yaml"))
    if not known:
        raise InputError(f"there are no presets in {presets.resolve()}; run this in the project's folder")
    return known


def use_preset(name: str, presets: Path = PRESETS, target: Path = TARGET, seeds: int = 1) -> None:
    """Write the preset to `target`; an edited params.yaml is kept beside it as params.yaml.old.

    Raises InputError for a name that is no preset.
    """
    text = preset_text(name, presets, seeds)
    if target.exists() and all(
        target.read_bytes() != preset_text(known, presets).encode() for known in _known(presets)
    ):
        shutil.copyfile(target, target.with_name(target.name + ".old"))
        print(f"your {target} differed from every preset; it is kept as {target}.old", file=sys.stderr)
    write_text(target, text)
    print(f"{target} is now the preset '{name}'{f' with {seeds} seeds' * (seeds > 1)}; next: make tables")


def main() -> None:
    """Parse the preset's name and put it in place."""
    arguments = argparse.ArgumentParser(prog="make preset", description=main.__doc__)
    arguments.add_argument("name", help="file name in workflow/presets without .yaml")
    arguments.add_argument(
        "--seeds", type=command.positive, default=1, help="trainings of every row, each with its seed"
    )
    given = arguments.parse_args()
    use_preset(given.name, seeds=given.seeds)


if __name__ == "__main__":
    command.run(main)
