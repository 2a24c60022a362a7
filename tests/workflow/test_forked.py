"""Jobs that fork off one process are what they would be in a process of their own."""

import errno
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from relclip.project import ask, forked

ROOT = Path(__file__).resolve().parents[2]
#: How rules start a job.
ASK = [sys.executable, "-S", "-P", ask.__file__]
JOB = """
import os, signal, sys, time
print(*sys.argv[1:], os.environ["WORD"], os.getcwd(), __name__, "torch" in sys.modules, flush=True)
print("error", file=sys.stderr, flush=True)
if sys.argv[1] == "wait":
    print(os.getpid(), flush=True)
    time.sleep(600)
if sys.argv[1] == "tell":
    print(repr(signal.getsignal(signal.SIGINT)))
    sys.exit()
sys.exit(int(sys.argv[1]))
"""


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """A folder with a module `job` in it, and the environment of jobs that find the process to fork off."""
    folder = tmp_path_factory.mktemp("house")
    (folder / "job.py").write_text(JOB)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", f"{ROOT}{os.pathsep}{folder}")
        patch.setenv(forked.FORKS, "")  # as it was, once this is over
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


def begun(house, *arguments, job=("--torch", "job"), **changed):
    """A job that has begun."""
    folder, environment = house
    return subprocess.Popen(
        [*ASK, *job, *arguments],
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


def test_torch_is_imported_for_those_who_need_it_and_the_rest_for_all(tmp_path):
    (tmp_path / "seen.py").write_text("import sys\nprint(*[name in sys.modules for name in sys.argv[1:]])")
    server, house = listening(tmp_path, USUAL)
    for needs, there in ((), False), (("--torch",), True):
        job = begun(house, *forked.PREPARED, "torch", job=(*needs, "seen"))
        said = [str(true) for true in (*[True] * len(forked.PREPARED), there)]
        assert job.communicate(timeout=60) == (" ".join(said) + "\n", "")
    server.communicate()


def test_what_cannot_be_imported_is_left_to_the_job_and_the_process_goes_on(tmp_path):
    server, house = listening(tmp_path, USUAL)
    for _ in range(2):
        job = begun(house, "7", job=("--no_such_module", "job"))
        assert job.communicate(timeout=60) == (f"7 said {tmp_path} __main__ False\n", "error\n")
        assert job.returncode == 7
    server.communicate()
    assert server.returncode == 0


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
    command = [sys.executable, "-m", "relclip.project.forked", place]
    server = subprocess.Popen(command, stdin=subprocess.PIPE, env={**os.environ, "OMP_NUM_THREADS": "1"})
    while not Path(place).exists():
        time.sleep(0.1)
    house = tmp_path, {**os.environ, "OMP_NUM_THREADS": "1", forked.FORKS: place}
    job, process = waiting(house)
    server.kill()
    assert ask.LOST in job.communicate(timeout=60)[1]
    assert job.returncode == 1
    assert gone(process)
    server.communicate()
    job = begun(house, "7")
    assert job.communicate(timeout=60)[0].endswith("__main__ False\n")
    assert job.returncode == 7


def listening(folder, command, **how):
    """What listens in a folder whose torch is an empty module, and a house of it."""
    (folder / "job.py").write_text(JOB)
    (folder / "torch.py").write_text("")
    place = folder / "forks"
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": f"{ROOT}{os.pathsep}{folder}"}
    server = subprocess.Popen(
        [
            sys.executable,
            "-c",
            f"{command}\nfrom relclip.project import forked\nforked._listen(Path(sys.argv[1]))",
            place,
        ],
        stdin=subprocess.PIPE,
        env=environment,
        **how,
    )
    while not place.exists():
        time.sleep(0.05)
    return server, (folder, {**environment, forked.FORKS: str(place)})


USUAL = "import os, signal, sys\nfrom pathlib import Path"


def test_where_no_process_can_be_forked_off_a_job_starts_as_usual_and_its_output_ends(tmp_path):
    no_room = f"{USUAL}\ndef none():\n    raise BlockingIOError\nos.fork = none"
    server, house = listening(tmp_path, no_room)
    for _ in range(2):
        job = begun(house, "7")
        assert job.communicate(timeout=60) == (f"7 said {tmp_path} __main__ False\n", "error\n")
        assert job.returncode == 7
    server.communicate()
    assert server.returncode == 0


def test_killed_before_it_told_of_a_job_that_runs_once_all_the_same(tmp_path):
    """Who asked started the job as usual, beside the one that had begun."""
    dies = "import socket, time\ndef send(*_):\n    time.sleep(1)\n    os.kill(os.getpid(), signal.SIGKILL)"
    server, house = listening(tmp_path, f"{USUAL}\n{dies}\nsocket.socket.send = send")
    job = begun(house, "7")
    assert job.communicate(timeout=60) == (f"7 said {tmp_path} __main__ False\n", "error\n")
    assert job.returncode == 7
    server.communicate()


def test_what_ignores_ctrl_c_has_jobs_that_do_and_nobody_else_may_ask(tmp_path):
    warns = "import warnings\nwarnings.simplefilter('default')"
    ignores = f"{USUAL}\n{warns}\nos.umask(0)\nsignal.signal(signal.SIGINT, signal.SIG_IGN)"
    server, house = listening(tmp_path, ignores)
    assert stat.S_IMODE((tmp_path / "forks").stat().st_mode) == 0o600
    said, error = begun(house, "tell").communicate(timeout=60)
    assert "Handlers.SIG_IGN" in said and error == "error\n"
    server.communicate()
    server, house = listening(tmp_path, USUAL)
    server.terminate()  # as a batch system does with all; jobs may go on
    assert "default_int_handler" in begun(house, "tell").communicate(timeout=60)[0]
    server.communicate()


def test_a_job_without_stdin_or_with_more_than_can_be_told_starts_as_usual(tmp_path):
    server, (folder, environment) = listening(tmp_path, USUAL)
    command = [*ASK, "--torch", "job", "0"]
    many = {f"WORD{number}": "x" * 100_000 for number in range(3)}
    for words, more, forks in (
        (command, {}, True),
        (["bash", "-c", 'exec "$@" <&-', "bash", *command], {}, False),
        (command, many, False),
    ):
        said = subprocess.run(
            words,
            cwd=folder,
            env={**environment, "WORD": "said", **more},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        assert said.stdout.endswith(f"__main__ {forks}\n")
    server.communicate()


def refused(*_):
    raise OSError(errno.ENOSYS, "no such call")


def test_a_kernel_that_cannot_tell_of_an_end_has_no_such_process(tmp_path, monkeypatch):
    monkeypatch.setenv(forked.FORKS, "")
    monkeypatch.setattr(os, "pidfd_open", refused)
    forked.start(tmp_path)
    assert os.environ[forked.FORKS] == ""
    assert not list(tmp_path.iterdir())


def test_it_loads_libraries_with_the_threads_of_a_job(tmp_path, monkeypatch):
    for name in (forked.FORKS, "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        monkeypatch.setenv(name, "8")
    given = {}
    monkeypatch.setattr(
        subprocess, "Popen", lambda *_, env, **__: given.update(env) or SimpleNamespace(communicate=None)
    )
    monkeypatch.setattr(forked.atexit, "register", lambda _: None)
    forked.start(tmp_path)
    assert {given[name] for name in given if name.endswith(forked.THREADS)} == {"1"}
    assert {"OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"} <= given.keys()
