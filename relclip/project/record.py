"""`make record`: DVC takes what lies here as the results of the present params.yaml, stage by changed stage."""

import time
from pathlib import Path
from typing import Any

from relclip.core import command
from relclip.core.errors import InputError
from relclip.internals.dvc import read_once
from relclip.project.code_digests import write_code_digests
from relclip.project.seeds import write_seeds

#: More changed stages than these are committed all at once: each alone writes the whole of dvc.lock.
FEW = 3


def main() -> None:
    """Ask DVC what changed since dvc.lock, and commit those stages: each one costs, most did not change."""
    command.parser(
        "relclip.project.record", "DVC takes what is there as the present params' result."
    ).parse_args()
    import dvc  # noqa: PLC0415
    from dvc.exceptions import DvcException  # noqa: PLC0415
    from dvc.repo import Repo  # noqa: PLC0415

    began = time.monotonic()
    write_seeds(Path("params.yaml"))
    write_code_digests(Path("dvc.yaml"))
    try:
        with read_once(dvc.__version__), Repo() as repo:
            said = record(repo)
    except DvcException as error:
        raise InputError(
            f"DVC did not take what is here: {error}; after a whole `snakemake` it does"
        ) from None
    print(f"record: {said.format(seconds=time.monotonic() - began)}")


def record(repo: Any) -> str:
    """Commit what changed; returns what was done, in words."""
    changed = sorted(repo.status()) if Path("dvc.lock").is_file() else None
    if changed == []:
        return "dvc.lock names what lies here already"
    named = "every stage" if changed is None else ", ".join(changed[:4]) + ", ..." * (len(changed) > 4)
    print(f"record: {named}; DVC hashes and keeps the files", flush=True)
    for target in changed if changed and len(changed) <= FEW else [None]:
        repo.commit(target, force=True)
    return (
        "done in {seconds:.0f} s; next: git add dvc.lock reports/metrics.json, and git commit, which pins it"
    )


if __name__ == "__main__":
    command.run(main)
