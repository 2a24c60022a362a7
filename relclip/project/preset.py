"""`make preset NAME=... [SEEDS=...]`: a preset is a whole params.yaml; this puts one in place."""

import argparse
import difflib
import shutil
import sys
from pathlib import Path

import yaml

from relclip.core import command
from relclip.core.atomic import write_text
from relclip.core.errors import InputError
from relclip.core.params.whole import load_params
from relclip.project.more_seeds import with_seeds

PRESETS = Path("workflow/presets")
TARGET = Path("params.yaml")


def use_preset(name: str, presets: Path = PRESETS, target: Path = TARGET, seeds: int = 1) -> None:
    """Copy the preset over `target`; an edited params.yaml is kept beside it as params.yaml.old.

    With more `seeds` than one every trained row gets as many, and the file loses its comments.
    Raises InputError for a name that is no preset.
    """
    known = sorted(path.stem for path in presets.glob("*.yaml"))
    if not known:
        raise InputError(f"there are no presets in {presets.resolve()}; run this in the project's folder")
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.4)
        hint = f"did you mean '{near[0]}'? " if near else ""
        raise InputError(
            f"there is no preset '{name}'; {hint}presets: {', '.join(known)}; make preset NAME=scenes"
        )
    source = presets / f"{name}.yaml"
    load_params(source)
    if target.exists() and not any(
        target.read_bytes() == path.read_bytes() for path in presets.glob("*.yaml")
    ):
        shutil.copyfile(target, target.with_name(target.name + ".old"))
        print(f"your {target} differed from every preset; it is kept as {target}.old", file=sys.stderr)
    content = source.read_text("utf-8")
    if seeds > 1:
        grown = with_seeds(yaml.safe_load(content), seeds)
        content = f"# preset {name}, {seeds} seeds of every trained row\n" + yaml.safe_dump(
            grown, sort_keys=False, allow_unicode=True, width=160
        )
    write_text(target, content)
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
