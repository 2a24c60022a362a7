"""Seconds and memory of a command in a process of its own."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

#: Started from a small process: one started from this one would count this one's memory as its own.
_SMALL = """import json, resource, subprocess, sys, time
begin = time.perf_counter()
status = subprocess.run(sys.argv[2:], stdout=sys.stderr, check=False).returncode
wall, used = time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
found = {"wall_s": wall, "processor_s": used.ru_utime + used.ru_stime, "peak_MiB": used.ru_maxrss / 1024}
json.dump({name: round(value, 2) for name, value in found.items()}, open(sys.argv[1], "w"))
sys.exit(status)
"""


def measured(words: Sequence[object]) -> dict[str, float]:
    """Run `python words...`; wall_s, processor_s (all its processes) and peak_MiB (of its largest process)."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "found.json"
        command = [sys.executable, "-c", _SMALL, str(path), sys.executable, *map(str, words)]
        if subprocess.run(command, check=False).returncode:
            raise SystemExit("the command failed")
        found: dict[str, float] = json.loads(path.read_text())
        return found
