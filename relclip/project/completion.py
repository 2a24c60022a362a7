"""`relclip completion SHELL`: what a shell needs to complete commands and options, by shtab."""

import argparse
import importlib
import sys
from collections.abc import Mapping

from relclip.core import command
from relclip.core.errors import InputError


def main() -> None:
    """Print the script, which says itself where it goes."""
    import shtab  # noqa: PLC0415

    from relclip.__main__ import COMMANDS  # noqa: PLC0415

    parser = command.parser("relclip.project.completion", "Print a script that completes relclip's commands.")
    parser.add_argument("shell", choices=shtab.SUPPORTED_SHELLS, help="put it where your shell looks")
    shell = parser.parse_args().shell
    print(shtab.complete(whole(COMMANDS), shell))


def whole(commands: Mapping[str, tuple[str, str]]) -> argparse.ArgumentParser:
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
