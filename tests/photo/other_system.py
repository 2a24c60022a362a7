"""`python other_system.py ARGUMENT...`: `relclip predict`, twice, where a system lacks and refuses what Windows does.

What other packages need is imported before; from then on there is no `os.fork` and the like, no folder can be opened,
nothing that is open can be renamed or removed, and a signal 0 would end a process instead of asking for it.
"""

import ctypes
import errno
import os
import shutil
import signal  # noqa: F401
import sys
from pathlib import Path

import relclip  # noqa: F401  # before torch, whose arithmetic it sets

# isort: split
import networkx  # noqa: F401
import open_clip  # noqa: F401
import pyarrow.parquet  # noqa: F401
import torch
import torchvision  # noqa: F401

torch.nn.Linear(1, 1)(torch.ones(1, 1))

LACKED = {
    "os": "fork sched_getaffinity pidfd_open posix_fallocate posix_fadvise pread preadv pwrite pwritev statvfs getuid "
    "geteuid mkfifo setsid getpgid killpg fchmod chown uname sysconf",
    "signal": "SIGKILL SIGHUP SIGUSR1 SIGUSR2 SIGALRM SIGCHLD SIGPIPE alarm setitimer",
}
NO_MODULES = "fcntl resource pwd grp termios pty"
OPEN, FSYNC, CDLL = os.open, os.fsync, ctypes.CDLL.__init__


def opened(path, flags, *rest, **more):
    if Path(path).is_dir():
        raise PermissionError(errno.EACCES, "Permission denied", str(path))
    return OPEN(path, flags, *rest, **more)


def flushed(descriptor):
    status = Path(f"/proc/self/fdinfo/{descriptor}").read_text()
    if int(status.partition("flags:")[2].split()[0], 8) & os.O_ACCMODE == os.O_RDONLY:
        raise OSError(errno.EBADF, "Bad file descriptor")
    FSYNC(descriptor)


def asked(process, number):
    raise SystemExit(f"os.kill({process}, {number}) ends a process on Windows")


def loaded(self, name, *rest, **more):
    if name is None:
        raise TypeError("LoadLibrary() argument 1 must be str, not None")
    CDLL(self, name, *rest, **more)


def held(path):
    """Whether this file, or one below this folder, is open or mapped into memory here."""
    place = os.path.realpath(path)
    now = [os.path.realpath(one) for one in Path("/proc/self/fd").iterdir()]
    mapped = [line.split(maxsplit=5)[-1] for line in Path("/proc/self/maps").read_text().splitlines()]
    return any(one == place or one.startswith(f"{place}/") for one in (*now, *mapped))


def refusing(call):
    def called(*paths, **more):
        for path in paths:
            if isinstance(path, str | os.PathLike) and held(path):
                raise PermissionError(errno.EACCES, "another process is using this file", str(path))
        return call(*paths, **more)

    return called


def main():
    for module, names in LACKED.items():
        for name in names.split():
            if hasattr(sys.modules[module], name):
                delattr(sys.modules[module], name)
    sys.modules.update(dict.fromkeys(NO_MODULES.split()))
    sys.platform = "win32"
    shutil._use_fd_functions = False
    os.open, os.fsync, os.kill, ctypes.CDLL.__init__ = opened, flushed, asked, loaded
    for name in ("rename", "replace", "unlink", "remove", "rmdir"):
        setattr(os, name, refusing(getattr(os, name)))
    from relclip.core import command, process
    from relclip.photo import __main__ as predict

    assert not process.is_gone(process.token())
    common = sys.argv[1:]
    for top in ("3", "10"):  # the second replaces the results of the first
        sys.argv[1:] = [*common, "--top", top]
        command.run(predict.main)


main()
