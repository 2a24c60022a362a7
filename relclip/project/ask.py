"""Ask `relclip.project.forked`'s process for a job, and be that job: its signals, its output, its exit status.

Started by its path, `python -S -P ask.py [--NEEDS] MODULE ...`, so without the project and what is installed beside
Python, which would take four fifths of its 0.1 s of processor time, 180 times in the default run. NEEDS: what the job
imports beside what all do, torch for instance. Where no process listens it becomes `python -m MODULE ...`.
"""

import os
import signal
import socket
import sys

#: The environment variable that says where the process listens.
FORKS = "RELCLIP_FORKS"
#: A job has one thread; what libraries read of the variables of this ending when they load is as Snakemake sets it.
THREADS = "_NUM_THREADS"
#: A job with more arguments and environment than that starts as usual.
MOST_BYTES = 1 << 18
LOST = "relclip: the process that jobs fork off was killed; run the same command again"


def packed(arguments: list[str], needs: str) -> bytes:
    """A job of this process's folder and environment as one message; none of its words has a zero in it."""
    words = [os.getcwd(), needs, str(len(arguments)), *arguments]  # noqa: PTH109  # pathlib takes 10 ms
    words += [f"{name}={value}" for name, value in os.environ.items()]
    return os.fsencode("\0".join(words))


def ask(address: str, arguments: list[str], needs: str) -> int | None:
    """Exit status of a job that was forked off, None where that was not to be had; a signal is a negative number."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as asks:
        try:
            asks.connect(address)
            content = packed(arguments, needs)
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
            try:  # noqa: SIM105  # contextlib takes 4 ms
                os.kill(number, signal.SIGTERM)
            except ProcessLookupError:
                pass
            sys.exit(LOST)
        return int(status)


def main() -> None:
    """Be the job that the command line names."""
    needs = sys.argv[1].removeprefix("--") if sys.argv[1].startswith("--") else ""
    arguments = sys.argv[2 if needs else 1 :]
    address = os.environ.get(FORKS, "no")
    one_thread = os.environ.get(f"OMP{THREADS}") == "1"
    status = ask(address, arguments, needs) if one_thread and address != "no" else None
    if status is None:
        os.execv(sys.executable, [sys.executable, "-m", *arguments])
    if status < 0:
        if status != -signal.SIGKILL:  # whose way cannot be changed
            signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    sys.exit(status)


if __name__ == "__main__":
    main()
