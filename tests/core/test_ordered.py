"""Work on processes: results in order; a signal to all of them, or the death of one, is one sentence."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from relclip.core.errors import RelclipError
from relclip.core.ordered import by_processes

ROOT = Path(__file__).resolve().parents[2]
SLOW = """
import time
from relclip.core import command
from relclip.core.ordered import by_processes
def task(number):
    print(number, flush=True)
    time.sleep(0.2)
command.run(lambda: list(by_processes(task, range(1000), 2)))
"""


def squared(number):
    return number**2


def kind(number):
    return type(multiprocessing.current_process()).__name__


def killed(number):
    if number == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def test_results_come_in_order():
    assert list(by_processes(squared, range(50), 3)) == [number**2 for number in range(50)]


def test_processes_are_started_where_none_can_be_forked_off(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    multiprocessing.set_start_method("spawn", force=True)
    try:
        assert list(by_processes(kind, range(3), 2)) == ["SpawnProcess"] * 3
    finally:
        multiprocessing.set_start_method(None, force=True)


def test_a_killed_worker_is_one_sentence():
    with pytest.raises(RelclipError, match="a worker process was killed"):
        list(by_processes(killed, range(9), 2))


@pytest.mark.parametrize(
    ("number", "status", "said"), [(signal.SIGTERM, 143, "terminated"), (signal.SIGINT, 130, "interrupted")]
)
def test_a_signal_to_the_whole_group_is_one_sentence(number, status, said):
    """A batch system sends it to all; the pool's thread had printed InvalidStateError before the sentence."""
    pipe = subprocess.PIPE
    started = subprocess.Popen(
        [sys.executable, "-c", SLOW], cwd=ROOT, stdout=pipe, stderr=pipe, text=True, start_new_session=True
    )
    started.stdout.readline()
    time.sleep(0.3)
    os.killpg(started.pid, number)
    told = started.communicate(timeout=60)[1]
    assert started.returncode == status
    assert told.count("\n") == 1 and said in told
