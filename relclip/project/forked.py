"""One process that has imported what many jobs import, off which they fork: torch takes 2 to 3 s of a processor.

That is a quarter of a short training or prediction, and PREPARED half of a short evaluation. On a machine without a GPU
the Snakefile starts this process, which imports each once, torch and open_clip for the first job that says it needs
them. Who asks is `relclip.project.ask`; the job, of one thread, has its arguments, environment, folder, output and exit
status, and the project's code as it is on disk by then. Where there is no such process (a cluster, a GPU), jobs start
as usual. RELCLIP_FORKS=no: always as usual.
"""

import atexit
import gc
import importlib
import os
import runpy
import selectors
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import NamedTuple

from relclip.project.ask import FORKS, MOST_BYTES, THREADS

#: What all jobs import from outside the project, by the modules that take time.
PREPARED = (
    "argparse",
    "difflib",
    "importlib.metadata",
    "numpy.ma",
    "numpy.random",
    "pyarrow.compute",
    "pyarrow.parquet",
    "pydantic.main",
    "pydantic.types",
    "safetensors",
    "sqlite3",
    "tempfile",
    "tqdm",
    "yaml",
)
#: Signals that a terminal or a batch system sends to all processes: they are for the jobs, whose end is waited for.
FOR_JOBS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Job(NamedTuple):
    """What a process of its own would have been started with."""

    arguments: list[str]  # the module's name first
    environment: dict[str, str]
    folder: str
    needs: str  # what else is imported once, torch for instance

    @classmethod
    def unpacked(cls, message: bytes) -> "Job":
        """What `ask.packed` made a message of."""
        folder, needs, count, *words = os.fsdecode(message).split("\0")
        pairs = (word.partition("=") for word in words[int(count) :])
        return cls(words[: int(count)], {name: value for name, _, value in pairs}, folder, needs)

    def run(self) -> None:
        """Become `python -m` with these arguments, in this process."""
        os.chdir(self.folder)
        os.environ.clear()
        os.environ.update(self.environment)
        sys.argv = self.arguments
        runpy.run_module(self.arguments[0], run_name="__main__", alter_sys=True)


def start(folder: Path) -> None:
    """Start the process for the jobs of this one, which ends with it; it listens in `folder`."""
    if os.environ.get(FORKS) == "no":
        return
    try:
        os.close(os.pidfd_open(os.getpid()))
    except (AttributeError, OSError):
        # another system, a kernel before 5.3, a container that does not allow it
        return
    address = os.path.relpath(folder / f"forks.{os.urandom(4).hex()}")  # a socket's address is short
    threads = {name: "1" for name in (*os.environ, f"OMP{THREADS}") if name.endswith(THREADS)}
    server = subprocess.Popen(
        [sys.executable, "-m", __name__, address],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, **threads},
    )
    os.environ[FORKS] = address
    atexit.register(server.communicate)  # the end of its input, which it waits for


class _Forks:
    """Forks a process for each job that is asked for, and tells who asked its number and how it ended."""

    def __init__(self, address: Path) -> None:
        self._handlers = {name: signal.signal(name, signal.SIG_IGN) for name in FOR_JOBS}
        self._ready = selectors.DefaultSelector()
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        usual = os.umask(0o177)  # whoever may ask may run what they want
        self._listener.bind(str(address))
        os.umask(usual)
        self._listener.listen()
        self._ready.register(self._listener, selectors.EVENT_READ, self._asked)
        self._ready.register(sys.stdin, selectors.EVENT_READ, self._close)
        self._job: Job | None = None

    def next_job(self) -> Job | None:
        """Serve; return in every process that was forked off, with its job, and None once no more can come."""
        while self._job is None and self._ready.get_map():
            for key, _ in self._ready.select():
                if self._job is None and self._ready.get_map().get(key.fd) == key:  # not gone meanwhile
                    key.data()
        return self._job

    def _close(self) -> None:
        """Snakemake has ended: wait for the jobs that are left."""
        self._ready.unregister(sys.stdin)
        self._ready.unregister(self._listener)
        self._listener.close()

    def _asked(self) -> None:
        asks, _ = self._listener.accept()
        content, files, *_ = socket.recv_fds(asks, MOST_BYTES, 3)
        if not content:
            return
        asked = Job.unpacked(content)
        for name in (*PREPARED, *filter(None, [asked.needs])):
            with suppress(Exception):  # the job itself says what is wrong
                importlib.import_module(name)
        gc.freeze()
        begins, told = os.pipe()
        try:
            job = os.fork()
        except OSError:  # no room for one more: who asked starts as usual, and no other job is lost
            job = -1
        if job == 0:
            os.close(told)
            asks.close()
            if not os.read(begins, 1):  # this process was killed before it told: who asked starts as usual
                os._exit(1)
            os.close(begins)
            self._become(asked, files)
            return
        for file in (*files, begins):
            os.close(file)
        if job > 0:
            with suppress(OSError):  # who asked is gone already
                asks.send(b"%d" % job)
            with suppress(OSError):  # the job is gone already
                os.write(told, b"1")
        os.close(told)
        if job < 0:
            return
        ended = os.pidfd_open(job)
        self._ready.register(ended, selectors.EVENT_READ, partial(self._tell, job, ended, asks))
        self._ready.register(asks, selectors.EVENT_READ, partial(self._kill, job, asks))

    def _become(self, job: Job, files: list[int]) -> None:
        """In the new process: let go of all that is the old one's, take the job's own input and outputs."""
        for key in list(self._ready.get_map().values()):
            if isinstance(key.fileobj, socket.socket):
                key.fileobj.close()
            elif isinstance(key.fileobj, int):
                os.close(key.fileobj)
        self._ready.close()
        for number, file in enumerate(files):
            os.dup2(file, number)
            os.close(file)
        for name, handler in self._handlers.items():
            signal.signal(name, handler)
        self._job = job

    def _tell(self, job: int, ended: int, asks: socket.socket) -> None:
        """Say how a job ended to who asked for it, if that is there still."""
        _, status = os.waitpid(job, 0)
        self._ready.unregister(ended)
        os.close(ended)
        if asks.fileno() >= 0:
            self._ready.unregister(asks)
            with suppress(OSError):
                asks.send(b"%d" % os.waitstatus_to_exitcode(status))
            asks.close()

    def _kill(self, job: int, asks: socket.socket) -> None:
        """Who asked is gone without a word, so it was killed."""
        self._ready.unregister(asks)
        asks.close()
        os.kill(job, signal.SIGKILL)


def _listen(address: Path) -> None:
    job = _Forks(address).next_job()
    if job:
        job.run()
    else:
        address.unlink()


if __name__ == "__main__":
    _listen(Path(sys.argv[1]))
