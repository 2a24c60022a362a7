"""Commands of the stages as real processes: run, kill at a chosen moment, compare what they wrote."""

import contextlib
import hashlib
import importlib.util
import io
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from relclip.core import command

ROOT = Path(__file__).resolve().parents[2]
DYING = Path(__file__).with_name("dying.py")
NO_TRACKER = Path(__file__).with_name("no_tracker")
#: Else `evaluate` would write into the store of the folder it runs in, which needs no MLflow: the user's.
NO_STORE = ("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")


@dataclass(frozen=True)
class Command:
    """`python -m module arguments`; `{out}` in an argument is the folder that belongs to one try."""

    name: str
    module: str
    arguments: tuple[str, ...]
    folder: Path = ROOT
    environment: dict[str, str] = field(default_factory=dict)
    tracked: bool = False

    def start(self, out, fault=None, **options):
        """Start it in a session of its own, stdout and stderr together."""
        out.mkdir(parents=True, exist_ok=True)
        runner = [str(DYING), fault] if fault else ["-m"]
        words = [word.replace("{out}", str(out)) for word in self.arguments]
        path = os.pathsep.join([str(self.folder), *([] if self.tracked else [str(NO_TRACKER)])])
        store = {} if self.tracked else dict([NO_STORE])
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": path, **store, **self.environment}
        return subprocess.Popen(
            [sys.executable, *runner, self.module, *words],
            cwd=self.folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            **options,
        )

    def with_argument(self, place, value):
        """The same command with another word at that place."""
        words = [*self.arguments]
        words[place] = str(value)
        return replace(self, arguments=tuple(words))

    def tracked_at(self, address):
        """The same command with a tracker."""
        return replace(self, tracked=True, environment={**self.environment, "MLFLOW_TRACKING_URI": address})

    def run(self, out, fault=None, **options):
        """Run it to its end; return (exit status, output, seconds)."""
        begin = time.monotonic()
        process = self.start(out, fault, **options)
        text, _ = process.communicate(timeout=600)
        return process.returncode, text, time.monotonic() - begin

    def here(self, out):
        """Run it to its end in this process, without a tracker; return (exit status, output, seconds, renames).

        Where nothing is killed: importing torch takes a new process longer than its work.
        """
        out.mkdir(parents=True, exist_ok=True)
        package = importlib.util.find_spec(self.module).submodule_search_locations
        stage = importlib.import_module(f"{self.module}.__main__" if package else self.module)
        words = [word.replace("{out}", str(out)) for word in self.arguments]
        said, renames, begin, status = io.StringIO(), [], time.monotonic(), 0
        handler = signal.getsignal(signal.SIGTERM)
        with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(said):
            patch.setattr(sys, "argv", [self.module, *words])
            patch.setattr(sys, "stderr", said)
            patch.setitem(sys.modules, "mlflow", None)
            patch.setenv(*NO_STORE)
            patch.chdir(self.folder)
            for name in ("rename", "replace"):
                patch.setattr(os, name, _counted(getattr(os, name), renames))
            try:
                command.run(stage.main)
            except SystemExit as end:
                status = end.code
        signal.signal(signal.SIGTERM, handler)
        return status, said.getvalue(), time.monotonic() - begin, len(renames)

    def done(self, out):
        """Run it undisturbed; return its output and seconds."""
        status, text, seconds = self.run(out)
        assert status == 0, f"{self.name}: {text[-3000:]}"
        return text, seconds

    def killed_after(self, out, seconds, number=signal.SIGKILL):
        """Run it and send a signal after so many seconds; return (exit status, output)."""
        process = self.start(out)
        try:
            text, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            os.kill(process.pid, number)
            text, _ = process.communicate(timeout=60)
        assert_nobody_left(process.pid)
        return process.returncode, text

    def digests(self, out):
        """Path -> SHA-256 of everything in the folder of one try, hidden files too."""
        files = sorted(path for path in out.rglob("*") if path.is_file())
        return {str(path.relative_to(out)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def _counted(function, calls):
    """The same function; each call is added to the list."""

    def call(*arguments, **named):
        calls.append(arguments)
        return function(*arguments, **named)

    return call


def assert_nobody_left(group, seconds=10.0):
    """Fail where a worker of a killed process is still there after a while; end it."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return
        time.sleep(0.05)
    os.killpg(group, signal.SIGKILL)
    raise AssertionError(f"workers of a killed process were still there after {seconds} s")


def assert_one_sentence(text):
    """The last line is one sentence of ours, and no traceback came before."""
    lines = [line for line in text.splitlines() if line.strip()]
    assert lines, "nothing was said"
    assert lines[-1].startswith("relclip: "), text[-2000:]
    assert "Traceback" not in text, text[-3000:]
