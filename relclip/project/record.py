"""`make record`: DVC takes what lies here as the results of the present params.yaml, stage by changed stage."""

import re
import time
from pathlib import Path
from typing import Any

from relclip.core import command
from relclip.core.errors import InputError
from relclip.project.code_digests import write_code_digests
from relclip.project.repository import opened, output_of
from relclip.project.seeds import write_seeds

#: Snakemake's word for a plan without jobs.
NOTHING = "Nothing to be done"
#: More changed stages than these are committed all at once: each alone writes the whole of dvc.lock.
FEW = 3


def main() -> None:
    """Ask DVC what changed since dvc.lock, and commit those stages: each one costs, most did not change."""
    command.parser(
        "relclip.project.record",
        "Record in DVC what is below data/ as the result of the present params.yaml; writes dvc.lock.",
    ).parse_args()
    began = time.monotonic()
    write_seeds(Path("params.yaml"))
    write_code_digests(Path("dvc.yaml"))
    with opened("DVC did not take what is here: {}; after a whole `snakemake` it does") as repo:
        said = record(repo)
    print(f"record: {said.format(seconds=time.monotonic() - began)}")


def record(repo: Any) -> str:
    """Commit what changed; returns what was done, in words."""
    changed = sorted(repo.status()) if Path("dvc.lock").is_file() else None
    if changed == []:
        return "dvc.lock names what lies here already"
    refuse_unmade()
    named = "every stage" if changed is None else ", ".join(changed[:4]) + ", ..." * (len(changed) > 4)
    print(f"record: {named}; DVC hashes and keeps the files", flush=True)
    for target in changed if changed and len(changed) <= FEW else [None]:
        repo.commit(target, force=True)
    return "done in {seconds:.0f} s; next: git add dvc.lock reports/metrics && git commit -a, which pins it"


def refuse_unmade() -> None:
    """Raise InputError where Snakemake would make something: what lies here is not what this params.yaml makes."""
    said = output_of(["snakemake", "--dry-run", "--cores", "1"], "make record plans by it")
    if NOTHING in said:
        return
    rules = [rule for rule in re.findall(r"^(\w+) +\d+$", said, re.MULTILINE) if rule not in {"all", "total"}]
    raise InputError(
        f"what lies here is not what this params.yaml makes: {', '.join(rules[:4])}{', ...' * (len(rules) > 4)} would"
        " run; snakemake --cores all first, or dvc repro, which records too"
    )


if __name__ == "__main__":
    command.run(main)
