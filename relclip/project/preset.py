"""`make preset NAME=... [SEEDS=...]`: put a preset's params.yaml in place.

The file of a preset in workflow/presets/ holds what it changes in `scenes`, or in the preset that it names as `base`;
that of `scenes` what it changes in the schema's defaults (relclip/core/params/reading.py says how). What is written is
complete: every key, with the comments of all these files; beside it workflow/seeds.yaml, what DVC ranges over.
"""

import argparse
import functools
import shutil
import sys
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import Any

from relclip.core import command
from relclip.core.atomic import write_text
from relclip.core.errors import InputError, RelclipError, counted, how_to_set, nearest
from relclip.core.params.base import validate
from relclip.core.params.reading import Changes, changed, read_content
from relclip.core.params.trainings import MOST_SEEDS, START, with_trainings
from relclip.core.params.whole import Params
from relclip.project.commented import commented, comments_of
from relclip.project.seeds import write_seeds

PRESETS = Path("workflow/presets")
TARGET = Path("params.yaml")
#: What the other presets change in the end.
BASE = "scenes"
Content = dict[str, Any]


def preset_content(name: str, presets: Path = PRESETS, seeds: int | None = None) -> Content:
    """What the preset `name` says beside the schema's defaults, with so many seeds of every run.

    Raises InputError where there is no such preset.
    """
    files = [read_content(path, Changes) for path in _files(name, presets)]
    content: Content = functools.reduce(changed, files, {})
    content.pop("base", None)
    if seeds:
        for section, start in START.items():
            for entry in content[section].values():
                entry.pop("seeds", None)
                entry.update({} if start else {"seeds": list(range(seeds))})
    return content


def preset_text(name: str, presets: Path = PRESETS, seeds: int | None = None) -> str:
    """The whole params.yaml of a preset. Raises InputError as `preset_content`."""
    comments = [comments_of(path.read_text("utf-8")) for path in _files(name, presets)]
    content = preset_content(name, presets, seeds)
    params = validate(Params, with_trainings(content), "")
    return commented(params, content, {place: lines for found in comments for place, lines in found.items()})


def _files(name: object, presets: Path, above: tuple[object, ...] = ()) -> Sequence[Path]:
    """The files of a preset, the base first; one that says `base: NAME` changes that one."""
    known = _known(presets)
    if name not in known:
        raise InputError(
            f"there is no preset '{name}'{nearest(str(name), known)}; presets: {', '.join(known)};"
            f" {how_to_set(BASE)}"
        )
    if name in above:
        raise InputError(
            f"the presets {', '.join(map(str, above))} have their base in a circle; let one change {BASE}"
        )
    own = presets / f"{name}.yaml"
    if name == BASE:
        return [own]
    return [*_files(read_content(own, Changes).get("base", BASE), presets, (*above, name)), own]


def _known(presets: Path) -> list[str]:
    known = sorted(path.stem for path in presets.glob("*.yaml"))
    if not known:
        raise InputError(
            f"there are no presets in {presets.resolve()}; run this in the project's folder"
            f" ({how_to_set(BASE)} makes one)"
        )
    return known


def _is_preset(target: Path, name: str, presets: Path) -> bool:
    """Whether a file is this preset's; one that is not to be read is nobody's."""
    try:
        return target.read_bytes() == preset_text(name, presets).encode()
    except RelclipError:
        return False


def use_preset(name: str, presets: Path = PRESETS, target: Path = TARGET, seeds: int | None = None) -> None:
    """Write the preset to `target`; an edited params.yaml is kept beside it as params.yaml.old, the next as .old1.

    Raises InputError for a name that is no preset.
    """
    text = preset_text(name, presets, seeds)
    if target.exists() and not any(_is_preset(target, known, presets) for known in _known(presets)):
        beside = (target.with_name(f"{target.name}.old{number or ''}") for number in count())
        kept = next(path for path in beside if not path.exists() or path.read_bytes() == target.read_bytes())
        shutil.copyfile(target, kept)
        print(f"your {target} differed from every preset; it is kept as {kept}", file=sys.stderr)
    write_text(target, text)
    write_seeds(target)
    trained = f" with {counted(seeds, 'seed')}" if seeds else ""
    print(f"{target} is now the preset '{name}'{trained}; next: make tables")


def main() -> None:
    """Parse the preset's name and put it in place."""
    parser = argparse.ArgumentParser(prog="make preset", description=main.__doc__)
    parser.add_argument("name", help="file name in workflow/presets without .yaml")
    parser.add_argument(
        "--seeds",
        type=command.whole(1, MOST_SEEDS),
        metavar="N",
        help="trainings of every run, one a seed (default: as the preset has them)",
    )
    options = parser.parse_args()
    use_preset(options.name, seeds=options.seeds)


if __name__ == "__main__":
    command.run(main)
