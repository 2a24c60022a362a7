"""Snakemake looks less often at what does not change: three of its internals, as they are in the version KNOWN.

`benchmark:` reads a job's memory twice a second in the job's first 15 s. The limit of jobs that start in a second,
which cores limit too, wakes the scheduler a second after every job that ended, and it looks at all ready jobs again.
Both together: 300 jobs of 0.3 s on two cores take 9.4 s of processor time in place of 17.9 (their own start included).
When a job has ended it reads all of the job's inputs once for each of its outputs, and starts no other job meanwhile:
predictions with CLIP of 0.6 GB have seven. Here a file is read once until it changes.
"""

import importlib
import os
import stat
import sys
from pathlib import Path
from types import TracebackType
from typing import Any

from relclip.internals import looked_into

KNOWN = "9.27"
#: Seconds between two looks at a job's memory; 0.5 is Snakemake's own.
INTERVAL = 2.0
#: The last words of a run that did not come to its end, after Ctrl-C or an error that was said above.
STOPPED = "relclip: stopped before the end; what is done stays, and the same command goes on from there"
#: The last words of a job that was killed, which says nothing itself: bash says them, into its log too, which a cluster
#: shows. Its name is the last word of every rule's command (`| tee LOG`). Braces are doubled, as in all commands there.
KILLED = (
    "relclip: this job was killed, most often for want of memory; let fewer run at once (--cores 1), or ask a cluster "
    "for more (--set-resources RULE:mem_mb=65536)"
)
TELL_KILLED = (
    """trap '(($? - 137)) || echo "$RELCLIP_KILLED" | tee -a "${{BASH_EXECUTION_STRING##* }}" >&2' EXIT; """
)


def look_less_often(version: str) -> bool:
    """Change the running Snakemake, of this version, if it is a known one; else say so and leave it as it is."""
    if not looked_into(
        "Snakemake", version, KNOWN, "it polls as it does by itself, which takes more of a core"
    ):
        return False
    importlib.import_module("snakemake.benchmark").BENCHMARK_INTERVAL_SHORT = INTERVAL  # type: ignore[attr-defined]
    scheduler = importlib.import_module("snakemake.scheduling.job_scheduler")
    scheduler.JobRateLimiter = lambda limit: None  # type: ignore[attr-defined]
    read_once(importlib.import_module("snakemake.io")._IOFile)
    return True


def read_once(kind: Any) -> None:
    """Let `checksum` of Snakemake's files remember what it found of a file of this disk, as long as it is the same."""
    usual, known = kind.checksum, {}

    async def checksum(
        file: Any, threshold: int | None = None, force: bool = False, algorithm: Any = None
    ) -> str | None:
        try:
            about = os.stat(file.file)  # noqa: PTH116  # 150,000 times a run, where Path takes three times as long
        except OSError:
            about = None
        if about is None or file.is_storage or not stat.S_ISREG(about.st_mode):
            return await usual(file, threshold, force, algorithm)
        state = about.st_dev, about.st_ino, about.st_size, about.st_mtime_ns, about.st_ctime_ns
        asked = (*state, threshold, force, algorithm)
        if asked not in known:
            known[asked] = await usual(file, threshold, force, algorithm)
        return known[asked]

    kind.checksum = checksum


def read_rules(folder: Path) -> Any:
    """The Snakefile of `folder` as Snakemake holds it, `rules` and `globals`; its API only prints them."""
    from snakemake import __version__  # noqa: PLC0415
    from snakemake.api import SnakemakeApi  # noqa: PLC0415
    from snakemake.settings.types import OutputSettings, Quietness, ResourceSettings  # noqa: PLC0415

    looked_into(
        "Snakemake", __version__, KNOWN, "its rules may be kept in another place, where they are not found"
    )
    with SnakemakeApi(OutputSettings(quiet={Quietness.ALL})) as api:
        workflow = api.workflow(ResourceSettings(cores=1), snakefile=folder / "Snakefile", workdir=folder)
        return workflow._workflow


def say_when_interrupted() -> None:
    """Ctrl-C where Snakemake itself does not expect it, such as while it plans, ends in a sentence."""
    usual = sys.excepthook

    def interrupted(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            print(STOPPED, file=sys.stderr)
        else:
            usual(kind, error, trace)

    sys.excepthook = interrupted
