"""Run a module as `python -m` does, and let it meet a fault at a moment that can be named.

python dying.py FAULT MODULE ARGUMENT...; FAULT is what happens at the N-th time a finished file gets its name:
`count=FILE` nothing, but their number is written; `kill=N` SIGKILL before it; `full=N` from then on the disk is full;
`signal=S` the signal S reaches it at its first (a moment later in its main thread, as signals do).
A file gets its name by a rename (relclip.core.atomic), so this is the moment between "not there" and "there".
"""

import errno
import os
import runpy
import signal
import sys
from pathlib import Path

_PARENT = os.getpid()


class Fault:
    """Counts the renames of this process and does at one of them what was asked."""

    def __init__(self, text):
        self.kind, _, self.value = text.partition("=")
        self.renames = 0

    def __call__(self, event, arguments):
        if event != "os.rename" or os.getpid() != _PARENT:
            return
        self.renames += 1
        if self.kind == "count":
            Path(self.value).write_text(str(self.renames))
        elif self.kind == "kill" and self.renames == int(self.value):
            os.kill(os.getpid(), signal.SIGKILL)
        elif self.kind == "signal" and self.renames == 1:
            os.kill(os.getpid(), int(self.value))
        elif self.kind == "full" and self.renames >= int(self.value):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(arguments[0]))


if __name__ == "__main__":
    _, fault, module, *rest = sys.argv
    sys.addaudithook(Fault(fault))
    sys.argv = [module, *rest]
    sys.path[0] = str(Path.cwd())
    runpy.run_module(module, run_name="__main__", alter_sys=True)
