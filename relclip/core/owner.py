"""Who wrote a temporary file or opened a run: a process of this machine that may be gone since."""

import functools
import hashlib
import os
import re
import socket
from pathlib import Path

_TOKEN = re.compile(r"[0-9a-f]{8}-[0-9]{1,10}")
#: A `token()`, to be found in a file name.
PATTERN = _TOKEN.pattern


def token() -> str:
    """Name this process: a digest of the machine (and container), then its number, such as `1f2e3d4c-4711`."""
    return f"{_machine()}-{os.getpid()}"


def is_gone(text: str) -> bool:
    """Whether `text` is the token of a process of this machine that has ended; of other machines nobody knows."""
    if not _TOKEN.fullmatch(text):
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
        numbered_in = str(
            Path("/proc/self/ns/pid").readlink()
        )  # containers of one host number their processes apart
    except OSError:
        numbered_in = ""
    return hashlib.sha256(f"{socket.gethostname()} {numbered_in}".encode()).hexdigest()[:8]
