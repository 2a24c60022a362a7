"""What is changed in Snakemake is there, in the locked version; with another version nothing is changed."""

import asyncio
import inspect
import os
import re
import signal
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from relclip.internals import looked_into
from relclip.internals.snakemake import (
    INTERVAL,
    KILLED,
    KNOWN,
    STOPPED,
    TELL_KILLED,
    look_less_often,
    read_once,
    read_rules,
)

ROOT = Path(__file__).resolve().parents[2]
OWN_INTERVAL = 0.5
OWN_CHECKSUM = inspect.unwrap(pytest.importorskip("snakemake.io")._IOFile.checksum)


@pytest.fixture
def internals(monkeypatch):
    """Snakemake's two modules as its source has them, whatever a test that read the workflow here left in them."""
    benchmark = pytest.importorskip("snakemake.benchmark")
    scheduler = pytest.importorskip("snakemake.scheduling.job_scheduler")
    monkeypatch.setattr(benchmark, "BENCHMARK_INTERVAL_SHORT", OWN_INTERVAL)
    monkeypatch.setattr(scheduler, "JobRateLimiter", object())
    monkeypatch.setattr("snakemake.io._IOFile.checksum", OWN_CHECKSUM)
    return benchmark, scheduler


def test_the_known_version_looks_less_often(internals):
    benchmark, scheduler = internals
    assert looked_into("Snakemake", version("snakemake"), KNOWN, ""), (
        "read Snakemake's source again, then name the version"
    )
    assert f"BENCHMARK_INTERVAL_SHORT = {OWN_INTERVAL}" in inspect.getsource(benchmark)
    assert "JobRateLimiter(" in inspect.getsource(scheduler.JobScheduler)
    assert "if self.job_rate_limiter is None" in inspect.getsource(scheduler.JobScheduler)
    assert look_less_often(version("snakemake"))
    assert benchmark.BENCHMARK_INTERVAL_SHORT == INTERVAL
    assert scheduler.JobRateLimiter("any limit") is None


def test_a_file_is_read_once_until_it_changes(tmp_path):
    class File:
        """What Snakemake asks of its files."""

        is_storage, file, read = False, str(tmp_path / "file"), 0

        async def checksum(self, threshold=None, force=False, algorithm=None):
            File.read += 1
            return Path(self.file).read_text() if Path(self.file).exists() else None

    def found():
        return asyncio.run(File().checksum(1 << 40))

    assert list(inspect.signature(OWN_CHECKSUM).parameters) == ["self", "threshold", "force", "algorithm"]
    read_once(File)
    assert found() is None and File.read == 1
    (tmp_path / "file").write_text("one")
    assert [found(), found()] == ["one", "one"] and File.read == 2
    times = (tmp_path / "file").stat()
    (tmp_path / "file").write_text("two")
    os.utime(tmp_path / "file", ns=(times.st_atime_ns, times.st_mtime_ns))
    assert found() == "two", "of the same size and time"
    (tmp_path / "file").unlink()
    assert found() is None


@pytest.mark.parametrize("other", ["9.28.0", "9.13.2", "10.0.0", "9.27.0rc1"])
def test_another_version_keeps_its_way_and_is_named(internals, capsys, other):
    benchmark, scheduler = internals
    before = benchmark.BENCHMARK_INTERVAL_SHORT, scheduler.JobRateLimiter
    assert not look_less_often(other)
    assert (benchmark.BENCHMARK_INTERVAL_SHORT, scheduler.JobRateLimiter) == before
    assert other in capsys.readouterr().err


def test_rules_of_another_version_are_read_with_a_word(tmp_path, monkeypatch, capsys):
    (tmp_path / "Snakefile").write_text('rule made:\n    output: "made"\n')
    for found, said in ((version("snakemake"), False), ("9.28.0", True)):
        monkeypatch.setattr("snakemake.__version__", found)
        assert [rule.name for rule in read_rules(tmp_path).rules] == ["made"]
        assert ("9.28.0 is not the one" in capsys.readouterr().err) == said


def test_ctrl_c_while_snakemake_is_imported_ends_in_a_sentence(tmp_path):
    """A Snakemake whose import meets SIGINT."""
    (tmp_path / "snakemake").mkdir()
    (tmp_path / "snakemake/__init__.py").write_text(
        "import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n"
    )
    path = os.pathsep.join([str(tmp_path), *filter(None, sys.path)])
    done = subprocess.run(
        [sys.executable, "-m", "relclip.project.snakemake", "--cores", "all"],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == -signal.SIGINT and done.stderr.strip() == STOPPED and not done.stdout


@pytest.mark.parametrize(
    ("end", "said"), [("kill -9 $$", [KILLED]), ("echo why; exit 2", ["why"]), ("exit 0", [])]
)
def test_a_killed_jobs_log_says_so(tmp_path, end, said):
    """It was empty, and a cluster's whole word was FAILED."""
    log = tmp_path / "job.log"
    command = f"set -euo pipefail; {TELL_KILLED.format()} bash -c '{end}' 2>&1 | tee {log}"
    done = subprocess.run(
        ["bash", "-c", command],
        env=os.environ | {"RELCLIP_KILLED": KILLED},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == {"kill -9 $$": 137, "echo why; exit 2": 2, "exit 0": 0}[end]
    assert log.read_text().splitlines() == said and (KILLED in done.stderr) == (said == [KILLED])


def test_a_rules_command_ends_with_its_log():
    text = "".join(path.read_text() for path in (ROOT / "workflow/rules").glob("*.smk"))
    commands = re.findall(r"^    shell:\n(.*?)(?=^\S|\Z)", text, re.MULTILINE | re.DOTALL)
    named = [re.search(r"logged\(|2>&1 \| tee \{log\}\"\s*$", command) for command in commands]
    assert len(named) > 20 and all(named)
    assert 'return f"{merged if shards else whole} 2>&1 | tee {{log}}"' in text  # `logged`
