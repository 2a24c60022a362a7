"""`make record`: DVC takes what lies here as the results of the present params.yaml, stage by changed stage."""

import json
import time
from pathlib import Path

from relclip.core import command
from relclip.project.adopt import output_of

ALL = "every stage"


def main() -> None:
    """Ask DVC what changed since dvc.lock, and commit those stages: each one costs, most did not change."""
    command.parser(
        "relclip.project.record", "DVC takes what is there as the present params' result."
    ).parse_args()
    began = time.monotonic()
    changed = (
        sorted(json.loads(output_of(["dvc", "status", "--json"]))) if Path("dvc.lock").is_file() else [ALL]
    )
    if not changed:
        print("record: dvc.lock names what lies here already")
        return
    print(
        f"record: {', '.join(changed[:4])}{', ...' * (len(changed) > 4)}; DVC hashes and keeps the files",
        flush=True,
    )
    output_of(["dvc", "commit", "--force", *(changed if changed != [ALL] else [])])
    took = time.monotonic() - began
    print(f"record: done in {took:.0f} s; next: git add dvc.lock, and git commit, which pins it")


if __name__ == "__main__":
    command.run(main)
