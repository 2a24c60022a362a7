"""Jobs that fork off one process are what they would be in a process of their own."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from relclip.project import forked

ROOT = Path(__file__).resolve().parents[2]
JOB = """
import os, sys, time
print(*sys.argv[1:], os.environ["WORD"], os.getcwd(), __name__, "torch" in sys.modules, flush=True)
print("error", file=sys.stderr, flush=True)
if sys.argv[1] == "wait":
    print(os.getpid(), flush=True)
    time.sleep(600)
sys.exit(int(sys.argv[1]))
"""


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """A folder with a module `job` in it, and the environment of jobs that find the process to fork off."""
    folder = tmp_path_factory.mktemp("house")
    (folder / "job.py").write_text(JOB)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", f"{ROOT}{os.pathsep}{folder}")
        patch.delenv(forked.FORKS, raising=False)
        patch.setattr(forked.atexit, "register", (ends := []).append)
        forked.start(folder)
        place = Path(os.environ[forked.FORKS]).resolve()
        for _ in range(100):
            if place.exists():
                break
            time.sleep(0.1)
        yield folder, {**os.environ, "OMP_NUM_THREADS": "1", forked.FORKS: str(place)}
        ends[0]()
        assert not place.exists()


def begun(house, *arguments, **changed):
    """A job that has begun."""
    folder, environment = house
    return subprocess.Popen(
        [sys.executable, "-m", "relclip.project.forked", "job", *arguments],
        cwd=folder,
        env={**environment, "WORD": "said", **changed},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def waiting(house):
    """A job that waits, and its process."""
    job = begun(house, "wait")
    assert job.stdout.readline().endswith("__main__ True\n")
    return job, int(job.stdout.readline())


def gone(process):
    """Whether a process ends within seconds."""
    for _ in range(100):
        state = Path(f"/proc/{process}/stat")
        if not state.exists() or state.read_text().rpartition(")")[2].split()[0] == "Z":
            return True
        time.sleep(0.1)
    return False


def test_a_job_keeps_arguments_environment_folder_output_and_status(house):
    for status in ("0", "7"):
        job = begun(house, status, "a b")
        assert job.communicate(timeout=60) == (f"{status} a b said {house[0]} __main__ True\n", "error\n")
        assert job.returncode == int(status)


@pytest.mark.parametrize(
    "changed", [{"OMP_NUM_THREADS": "2"}, {forked.FORKS: "no"}, {forked.FORKS: "nowhere"}]
)
def test_where_none_is_to_fork_off_it_starts_as_usual(house, changed):
    job = begun(house, "7", "a b", **changed)
    assert job.communicate(timeout=60) == (f"7 a b said {house[0]} __main__ False\n", "error\n")
    assert job.returncode == 7


def test_a_signal_ends_job_and_who_asked_alike(house):
    job, process = waiting(house)
    job.terminate()
    assert job.wait(60) == -signal.SIGTERM
    assert gone(process)
    job, process = waiting(house)
    os.kill(process, signal.SIGKILL)
    assert job.wait(60) == -signal.SIGKILL
    job, process = waiting(house)
    job.kill()
    assert gone(process)


def test_once_the_process_itself_was_killed_its_jobs_end_and_others_start_as_usual(tmp_path, monkeypatch):
    (tmp_path / "job.py").write_text(JOB)
    monkeypatch.setenv("PYTHONPATH", f"{ROOT}{os.pathsep}{tmp_path}")
    place = str(tmp_path / "forks")
    command = [sys.executable, "-m", "relclip.project.forked", "--listen", place]
    server = subprocess.Popen(command, stdin=subprocess.PIPE, env={**os.environ, "OMP_NUM_THREADS": "1"})
    while not Path(place).exists():
        time.sleep(0.1)
    house = tmp_path, {**os.environ, "OMP_NUM_THREADS": "1", forked.FORKS: place}
    job, process = waiting(house)
    server.kill()
    assert forked.LOST in job.communicate(timeout=60)[1]
    assert job.returncode == 1
    assert gone(process)
    server.communicate()
    job = begun(house, "7")
    assert job.communicate(timeout=60)[0].endswith("__main__ False\n")
    assert job.returncode == 7
