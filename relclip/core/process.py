"""This process: its name in temporary files and runs, by which others see that it is gone; its place under torchrun.

What torchrun tells the processes that it starts is read without torch. Its own options take abbreviations, `--run` and
`--start` among them, so ours go behind `--`: `torchrun --nproc-per-node 2 -m -- relclip.train --run NAME`.
"""

import functools
import hashlib
import os
import re
import socket
import sys
import time
from pathlib import Path

_TOKEN = re.compile(r"[0-9a-f]{8}-[0-9]{1,10}")
#: A `token()`, to be found in a file name.
PATTERN = _TOKEN.pattern
#: torchrun ends the others well within this time after one has failed; who still lives then speaks for itself.
GRACE_SECONDS = 5.0


def token() -> str:
    """Name this process: a digest of the machine (and container), then its number, such as `1f2e3d4c-4711`."""
    return f"{_machine()}-{os.getpid()}"


def is_gone(text: str) -> bool:
    """Whether `text` is the token of a process of this machine that has ended; of other machines nobody knows.

    Nor on Windows, where to ask is to end it.
    """
    if not _TOKEN.fullmatch(text) or sys.platform == "win32":
        return False
    machine, _, number = text.partition("-")
    if machine != _machine():
        return False
    try:
        os.kill(int(number), 0)
    except (ProcessLookupError, OverflowError):
        return True
    except PermissionError:
        pass
    return False


@functools.cache
def _machine() -> str:
    try:
        # containers of one host number their processes apart
        numbered_in = str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        numbered_in = ""
    return hashlib.sha256(f"{socket.gethostname()} {numbered_in}".encode()).hexdigest()[:8]


def say(sentence: str) -> None:
    """Tell whoever looks on one sentence, beside what a command prints."""
    print(f"relclip: {sentence}", file=sys.stderr, flush=True)


def launched() -> bool:
    """Whether torchrun started this process, alone or with others."""
    return "TORCHELASTIC_RUN_ID" in os.environ


def is_first() -> bool:
    """Whether this is the process that speaks for all: number 0 of those that torchrun started, or one without it."""
    return not launched() or os.environ.get("RANK") == "0"


def let_others_speak() -> None:
    """Wait, if torchrun started this process: where another has failed as well, it ends this one meanwhile."""
    if launched():
        time.sleep(GRACE_SECONDS)
