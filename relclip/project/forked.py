"""`python -m relclip.project.forked MODULE ...` is `python -m MODULE ...`; what many jobs import is imported once.

torch's import takes 2 to 3 s of a processor, a quarter of a short training or prediction, and PREPARED half of a short
evaluation. On a machine without a GPU the Snakefile starts one process that imports each once, torch for the first job
that is asked for by TORCH, and jobs of one thread fork off it: each with its own arguments, environment, folder, output
and exit status, and with the project's code as it is on disk by then. Where there is no such process (a cluster, a GPU,
a command typed by hand), the module starts as usual. RELCLIP_FORKS=no: always as usual.
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

#: The environment variable that says where the process listens.
FORKS = "RELCLIP_FORKS"
#: Before the module's name: the job needs torch, which few jobs but many minutes of them do.
TORCH = "--torch"
#: What jobs with torch and without import from outside the project, by the modules that take time.
PREPARED = (
    "numpy.random",
    "pyarrow.compute",
    "pyarrow.parquet",
    "pydantic.main",
    "pydantic.types",
    "safetensors",
    "sqlite3",
    "yaml",
)
#: A job has one thread; what libraries read of the variables of this ending when they load is as Snakemake sets it.
THREADS = "_NUM_THREADS"
#: A job with more arguments and environment than that starts as usual.
MOST_BYTES = 1 << 18
#: Signals that a terminal or a batch system sends to all processes: they are for the jobs, whose end is waited for.
FOR_JOBS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
LOST = "relclip: the process that jobs fork off was killed; run the same command again"


class Job(NamedTuple):
    """What a process of its own would have been started with."""

    arguments: list[str]  # the module's name first
    environment: dict[str, str]
    folder: str
    torch: bool

    def packed(self) -> bytes:
        """As one message; none of its words has a zero in it."""
        words = [self.folder, "torch" * self.torch, str(len(self.arguments)), *self.arguments]
        words += [f"{name}={value}" for name, value in self.environment.items()]
        return os.fsencode("\0".join(words))

    @classmethod
    def unpacked(cls, message: bytes) -> "Job":
        """What `packed` made a message of."""
        folder, torch, count, *words = os.fsdecode(message).split("\0")
        pairs = (word.partition("=") for word in words[int(count) :])
        return cls(words[: int(count)], {name: value for name, _, value in pairs}, folder, bool(torch))

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
        [sys.executable, "-m", __name__, "--listen", address],
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
        for name in (*PREPARED, *["torch"] * asked.torch):
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


def _forked(address: str, arguments: list[str], torch: bool) -> int | None:
    """Exit status of a job that was forked off, None where that was not to be had; a signal is a negative number."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as asks:
        try:
            asks.connect(address)
            content = Job(arguments, dict(os.environ), str(Path.cwd()), torch).packed()
            if len(content) > MOST_BYTES or asks.fileno() < 3:  # stdin, or an output, is closed
                return None
            socket.send_fds(asks, [content], [0, 1, 2])
            number = int(asks.recv(MOST_BYTES))
        except (OSError, ValueError):
            return None
        for name in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(name, lambda which, _: os.kill(number, which))
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the job has it, too
        status = asks.recv(MOST_BYTES)
        if not status:
            with suppress(ProcessLookupError):
                os.kill(number, signal.SIGTERM)
            sys.exit(LOST)
        return int(status)


def main() -> None:
    """Run a module, or listen for who wants to."""
    if sys.argv[1:2] == ["--listen"]:
        _listen(Path(sys.argv[2]))
        return
    torch = sys.argv[1:2] == [TORCH]
    arguments = sys.argv[1 + torch :]
    address = os.environ.get(FORKS, "no")
    one_thread = os.environ.get(f"OMP{THREADS}") == "1"
    status = _forked(address, arguments, torch) if one_thread and address != "no" else None
    if status is None:
        os.execv(sys.executable, [sys.executable, "-m", *arguments])
    if status < 0:
        with suppress(OSError):  # SIGKILL's way cannot be changed
            signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    sys.exit(status)


if __name__ == "__main__":
    main()
