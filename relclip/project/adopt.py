"""`make adopt`: DVC's files come back, and Snakemake takes them as up to date, if they were made of what lies here."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from relclip.core import command
from relclip.core.errors import InputError
from relclip.project.repository import opened, output_of

PARAMS = "params.yaml"
#: What is written by hand; other dependencies are what stages made, which the checkout brings back.
BY_HAND = ("relclip/", "workflow/")
NOWHERE = (
    "results made since the last record are kept by make record; bytes that are nowhere here come by dvc pull, or anew"
    " by dvc repro"
)


def main() -> None:
    """Compare dvc.lock with params.yaml and the sources, check out, mark as made."""
    command.parser(
        "relclip.project.adopt",
        "Bring back the files that dvc.lock names, and mark them as up to date for Snakemake.",
    ).parse_args()
    if not Path("dvc.lock").is_file():
        raise InputError("there is no dvc.lock, so no results to bring back: make tables, then make record")
    began = time.monotonic()
    checkout()
    output_of(["snakemake", "--touch", "--forceall", "--cores", "1", "--quiet", "all", "--", "all"], NOWHERE)
    print(f"adopted in {time.monotonic() - began:.0f} s: snakemake and dvc have nothing to do")


def checkout() -> None:
    """`dvc status`, which may refuse, then `dvc checkout`, in one process that reads sources and params once."""
    with opened(f"dvc checkout failed ({{}}); {NOWHERE}") as repo:
        refuse_others(repo.status())
        repo.checkout()


def refuse_others(status: Mapping[str, Sequence[Any]]) -> None:
    """Raise InputError where `dvc status` says that results belong to other parameters or sources than those here."""
    params: set[str] = set()
    sources: set[str] = set()
    for changes in status.values():
        for change in (one for one in changes if isinstance(one, Mapping)):
            for path, how in change.get("changed deps", {}).items():
                params |= set(how) if path == PARAMS and isinstance(how, Mapping) else set()
                sources |= {path} if path.startswith(BY_HAND) else set()
    if params or sources:
        named = [f"{PARAMS} ({_few(params)})"] if params else []
        named += [_few(sources)] if sources else []
        raise InputError(
            f"the results that dvc.lock names were made with another {' and other '.join(named)}; bring that back"
            " (git checkout), or make the results of what lies here: dvc repro"
        )


def _few(names: set[str]) -> str:
    shown = sorted(names)[:3]
    return ", ".join(shown) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


if __name__ == "__main__":
    command.run(main)
