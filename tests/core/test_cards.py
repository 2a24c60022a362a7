"""Jobs of one machine spread over its cards; what a job that was killed had is free again."""

import subprocess
import sys
import uuid

import pytest
import torch

from relclip.compute import cards, device

HOLD = "import sys; from relclip.compute.cards import freest; print(freest(sys.argv[1:]), flush=True); sys.stdin.read()"


@pytest.fixture
def names(monkeypatch):
    """Three cards that no other test has."""
    monkeypatch.setattr(cards, "_claims", [])
    return [uuid.uuid4().hex for _ in range(3)]


def start(names):
    """Another job, and the card that it took."""
    job = subprocess.Popen(
        [sys.executable, "-c", HOLD, *names], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    return job, int(job.stdout.readline())


def test_each_job_takes_the_card_with_the_fewest(names):
    jobs = [start(names) for _ in range(4)]
    assert [number for _, number in jobs] == [0, 1, 2, 0]
    jobs[2][0].kill()
    jobs[2][0].wait()
    assert cards.freest(names) == 2
    assert cards.freest(names) == 1
    assert cards.freest(names[:1]) == 0
    for job, _ in jobs:
        job.kill()
        job.communicate()


def test_where_no_name_is_to_be_had_the_first_card_computes(names, monkeypatch):
    monkeypatch.setattr(cards, "MOST_JOBS", 1)
    assert [cards.freest(names[:2]) for _ in range(3)] == [0, 1, 0]


@pytest.mark.parametrize(("jobs", "count", "share"), [(2, 1, 2), (8, 4, 2), (3, 2, 2), (1, 8, 1)])
def test_jobs_share_each_card_as_they_spread(monkeypatch, jobs, count, share):
    total = 80 << 30
    monkeypatch.setenv(device.GPU_JOBS, str(jobs))
    for name, value in {
        "mem_get_info": (total, total),
        "memory_allocated": 0,
        "memory_reserved": 0,
        "device_count": count,
    }.items():
        monkeypatch.setattr(torch.cuda, name, lambda *_, value=value: value)
    assert device.memory_to_keep(torch.device("cuda")) == total // share // 2


def test_auto_is_the_card_that_is_free(monkeypatch, names):
    class Properties:
        def __init__(self, number):
            self.uuid = names[number]

    taken = []
    for name, value in {
        "is_available": lambda: True,
        "device_count": lambda: 3,
        "get_device_properties": Properties,
        "set_device": taken.append,
        "current_device": lambda: taken[-1],
    }.items():
        monkeypatch.setattr(torch.cuda, name, value)
    monkeypatch.setattr(torch, "zeros", lambda *_, **__: torch.ones(1))
    device._card.cache_clear()
    job, first = start(names)
    try:
        assert first == 0
        assert device.best_device() == torch.device("cuda", 1) == device.best_device()
        assert taken == [1]
    finally:
        device._card.cache_clear()
        job.kill()
        job.communicate()
