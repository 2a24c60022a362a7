"""Which of the package's extras (pyproject.toml) brings a module that a command misses."""

import re
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, requires

_EXTRA = re.compile(r"^([\w.-]+).*?;.*?extra == ['\"]([\w-]+)['\"]")


def extra_for(module: str, stage: str, requirements: Sequence[str]) -> str:
    """The extra of `requirements` (as the metadata of an installed package lists them) that brings `module`.

    The extra named as the command's stage, where there is one: it holds all that the stage needs; else the first that
    names the module; `all` where none does.
    """
    named = [(found[1], found[2]) for text in requirements if (found := _EXTRA.match(text))]
    extras = {extra for _, extra in named}
    if stage in extras:
        return stage
    root = module.partition(".")[0].lower()
    bringing = [extra for name, extra in named if name.lower().replace("-", "_").startswith(root)]
    return bringing[0] if bringing else "all"


def advice(module: str, stage: str) -> str:
    """One sentence: what is missing and what to install."""
    try:
        requirements = requires("relclip") or []
    except PackageNotFoundError:
        requirements = []
    extra = extra_for(module, stage, requirements)
    return (
        f"this needs the package {module.partition('.')[0]}, which is not installed; install the extra: "
        f"python -m pip install 'relclip[{extra}]' (in a checkout: '.[{extra}]')"
    )
