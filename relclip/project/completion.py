"""`relclip completion SHELL`: what a shell needs to complete commands and options, by shtab."""

import argparse
import importlib
import sys
from collections.abc import Mapping
from pathlib import Path

from relclip.core import command
from relclip.core.errors import InputError

PLACES = (
    "your shell; write the script into ~/.local/share/bash-completion/completions/relclip (bash), "
    "~/.config/fish/completions/relclip.fish (fish) or _relclip in a folder of $fpath (zsh), and open a new shell"
)


def main() -> None:
    """Print the script, which says itself where it goes."""
    import shtab  # noqa: PLC0415

    from relclip.__main__ import COMMANDS  # noqa: PLC0415

    parser = command.parser("relclip.project.completion", "Print a script that completes relclip's commands.")
    parser.add_argument("shell", choices=shtab.SUPPORTED_SHELLS, help=PLACES)
    shell = parser.parse_args().shell
    every = whole_parser(COMMANDS)
    for action in (one for own in parsers(every) for one in own._actions):
        if action.type is Path or action.metavar == "FOLDER":  # one of the Hub is a folder too
            action.complete = shtab.FILE  # type: ignore[attr-defined]
    print(shtab.complete(every, shell))


def parsers(parser: argparse.ArgumentParser) -> list[argparse.ArgumentParser]:
    """The parsers of a parser's commands."""
    return [own for one in parser._actions if isinstance(one.choices, dict) for own in one.choices.values()]


def whole_parser(commands: Mapping[str, tuple[str, str]]) -> argparse.ArgumentParser:
    """One parser with a sub-parser for each command, which is asked for its own."""
    parser = argparse.ArgumentParser(prog="relclip")
    added = parser.add_subparsers()
    for name, (module, does) in commands.items():
        own = _parser_of(module)
        parents = [] if own is None else [own]
        added.add_parser(name, help=does, parents=parents, conflict_handler="resolve", add_help=False)
    return parser


def _parser_of(module: str) -> argparse.ArgumentParser | None:
    """The parser of a command, taken when it would read the command line; None where its extra is missing."""
    if module == __name__:
        return None
    sys.argv = [f"relclip {module}"]
    try:
        with command.described():
            importlib.import_module(module).main()
    except command.Described as met:
        return met.parser
    except ModuleNotFoundError:
        return None
    raise InputError(f"{module} reads no command line")


if __name__ == "__main__":
    command.run(main)
