"""data/code/<rule>: the digests of all that a rule's commands can import, for DVC.

A rule over a list of params.yaml is a stage of DVC an entry, dozens of them with the same sources. Each depends on this
one file in their place, so that dvc.lock, which DVC reads and writes anew after every stage, is a quarter as long.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import yaml

from relclip.core import command
from relclip.core.atomic import write_text
from relclip.core.digest import file_digest

FOLDER = Path("data/code")
#: What their stages in dvc.yaml are called: this and the rule.
STAGE = "code_"


def main() -> None:
    """Write the digests for the rules that are named."""
    parser = command.parser(
        "relclip.project.code_digests",
        "Write the digests of a rule's sources into data/code/<rule>, for DVC.",
    )
    parser.add_argument("rules", nargs="+", metavar="RULE", help="a rule with a stage code_RULE in dvc.yaml")
    write_code_digests(Path("dvc.yaml"), parser.parse_args().rules)


def write_code_digests(pipeline: Path, rules: Sequence[str] = ()) -> None:
    """Write those of these rules, or of all with such a stage, of the dvc.yaml at `pipeline`, as sha256sum would."""
    root, stages = pipeline.parent, yaml.safe_load(pipeline.read_text("utf-8"))["stages"]
    for rule in rules or [name.removeprefix(STAGE) for name in stages if name.startswith(STAGE)]:
        files = [path for name in stages[STAGE + rule]["deps"] for path in _files(root / name)]
        lines = [f"{file_digest(path)}  {path.relative_to(root).as_posix()}\n" for path in files]
        write_text(root / FOLDER / rule, "".join(lines))


def _files(path: Path) -> Iterator[Path]:
    """The file, or those below the folder but for what Python compiled."""
    if path.is_file():
        yield path
    yield from sorted(one for one in path.rglob("*") if one.is_file() and "__pycache__" not in one.parts)


if __name__ == "__main__":
    command.run(main)
