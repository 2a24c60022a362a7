"""What is changed in Snakemake is there, in the locked version; with another version nothing is changed."""

import inspect
from importlib.metadata import version

import pytest

from relclip.internals.snakemake import INTERVAL, KNOWN, look_less_often


@pytest.fixture
def internals(monkeypatch):
    """Snakemake's two modules, put back after the test."""
    benchmark = pytest.importorskip("snakemake.benchmark")
    scheduler = pytest.importorskip("snakemake.scheduling.job_scheduler")
    monkeypatch.setattr(benchmark, "BENCHMARK_INTERVAL_SHORT", benchmark.BENCHMARK_INTERVAL_SHORT)
    monkeypatch.setattr(scheduler, "JobRateLimiter", scheduler.JobRateLimiter)
    return benchmark, scheduler


def test_the_known_version_looks_less_often(internals):
    benchmark, scheduler = internals
    assert KNOWN.fullmatch(version("snakemake")), "read Snakemake's source again, then name the version"
    assert benchmark.BENCHMARK_INTERVAL_SHORT < INTERVAL
    assert "JobRateLimiter(" in inspect.getsource(scheduler.JobScheduler)
    assert "if self.job_rate_limiter is None" in inspect.getsource(scheduler.JobScheduler)
    assert look_less_often(version("snakemake"))
    assert benchmark.BENCHMARK_INTERVAL_SHORT == INTERVAL
    assert scheduler.JobRateLimiter("any limit") is None


@pytest.mark.parametrize("other", ["9.28.0", "9.13.2", "10.0.0"])
def test_another_version_keeps_its_way_and_is_named(internals, capsys, other):
    benchmark, scheduler = internals
    before = benchmark.BENCHMARK_INTERVAL_SHORT, scheduler.JobRateLimiter
    assert not look_less_often(other)
    assert (benchmark.BENCHMARK_INTERVAL_SHORT, scheduler.JobRateLimiter) == before
    assert other in capsys.readouterr().err
