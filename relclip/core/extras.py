"""Which packages are installed, and which extra brings what is missing, said wherever a command is started."""

import re
import sys
from collections.abc import Sequence
from contextlib import suppress
from traceback import walk_tb
from types import TracebackType

_EXTRA = re.compile(r"^([\w.-]+).*?;.*?extra == ['\"]([\w-]+)['\"]")


def installed(packages: Sequence[str]) -> dict[str, str]:
    """The versions of those of `packages` that are installed."""
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415  # slow to load

    found = {}
    for name in packages:
        with suppress(PackageNotFoundError):
            found[name] = version(name)
    return found


def extra_for(missing: str, module: str, requirements: Sequence[str]) -> str:
    """The extra of `requirements` (as the metadata of an installed package lists them) that brings `missing`.

    The extra named as the command's `module` or the stage it is of, where there is one: it holds all that those need;
    else the first that names `missing`; `all` where none does, and for `project`, whose commands work on every stage.
    """
    named = [(found[1], found[2]) for text in requirements if (found := _EXTRA.match(text))]
    extras = {extra for _, extra in named}
    steps = module.split(".")[1:]
    root = missing.partition(".")[0].lower()
    bringing = [extra for name, extra in named if name.lower().replace("-", "_").startswith(root)]
    fitting = [step for step in steps if step in extras] or ["all"] * ("project" in steps) or bringing
    return fitting[0] if fitting else "all"


def advice(error: ModuleNotFoundError) -> str | None:
    """One sentence: what is missing and what to install; None where it is a module of ours, which no extra brings."""
    if error.name is None or error.name.startswith("relclip"):
        return None
    from importlib.metadata import PackageNotFoundError, requires  # noqa: PLC0415  # slow to load

    try:
        requirements = requires("relclip") or []
    except PackageNotFoundError:
        requirements = []
    extra = extra_for(error.name, _command(error), requirements)
    return (
        f"this needs the package {error.name.partition('.')[0]}, which is not installed; install the extra: "
        f"python -m pip install 'relclip[{extra}]' (in a checkout: '.[{extra}]')"
    )


def _command(error: BaseException) -> str:
    """The module of the command that was started: the first of a stage which the error came through."""
    for frame, _ in walk_tb(error.__traceback__):
        name = getattr(frame.f_globals.get("__spec__"), "name", "")
        package, *steps = str(name).split(".")
        if package == "relclip" and steps[:1] not in ([], ["__main__"], ["core"]):
            return str(name)
    return ""


def end_in_a_sentence(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """As `sys.excepthook`: what ends a command's imports, before its own `command.run`, ends in that one's words."""
    from relclip.core import command  # noqa: PLC0415  # not for who imports relclip

    def again() -> None:
        raise error

    if isinstance(error, KeyboardInterrupt) or (isinstance(error, ModuleNotFoundError) and advice(error)):
        command.run(again)
    sys.__excepthook__(kind, error, trace)
