"""One kill and what must follow: the same command again ends in the bytes of a run that nobody disturbed."""

import shutil
import signal
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from processes import Command


@dataclass(frozen=True)
class Undisturbed:
    """What a command gave: the bytes of its files, how long it took, how many files got their name."""

    command: Command
    folder: Path
    digests: dict[str, str]
    seconds: float
    renames: int


def undisturbed(command, root, *, here=False):
    """Run a command to its end once, counting; `here`: in this process, so `seconds` lack what one takes to begin."""
    root.mkdir(parents=True, exist_ok=True)
    counted, folder = root / "renames", root / "undisturbed"
    if here:
        status, text, seconds, renames = command.here(folder)
        counted.write_text(str(renames))
    else:
        status, text, seconds = command.run(folder, f"count={counted}")
    assert status == 0, f"{command.name}: {text[-3000:]}"
    digests = command.digests(folder)
    assert digests, f"{command.name} wrote nothing"
    return Undisturbed(command, folder, digests, seconds, int(counted.read_text()))


def kill_at_rename(whole, out, number):
    """SIGKILL just before the `number`-th file gets its name (from 1)."""
    status, text, _ = whole.command.run(out, f"kill={number}")
    assert status == -signal.SIGKILL, f"{whole.command.name}: {status} {text[-3000:]}"


def kill_after(whole, out, seconds, number=signal.SIGKILL):
    """A signal after so many seconds; returns (exit status, output), a command may have ended before."""
    return whole.command.killed_after(out, seconds, number)


def assert_recovers(whole, out):
    """The same command again: the same files, no others, hidden ones included."""
    status, text, _ = whole.command.run(out)
    assert status == 0, f"{whole.command.name} after a fault: {text[-3000:]}"
    found = whole.command.digests(out)
    assert sorted(found) == sorted(whole.digests)
    different = [path for path, digest in found.items() if whole.digests[path] != digest]
    assert not different, f"{whole.command.name} after a fault: other bytes in {different}"


def begin_over(whole, out):
    """Put the finished output in place, so that a command writes over it."""
    shutil.copytree(whole.folder, out)


def moments(whole, seed):
    """Three seeded moments: two of the renames (from 1), a share of the time."""
    random = np.random.default_rng(seed)
    renames = 1 + random.choice(whole.renames, min(2, whole.renames), replace=False)
    return sorted(renames.tolist()), float(random.uniform(0.3, 0.95))
