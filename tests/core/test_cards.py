"""Jobs of one machine spread over its cards; what a job that was killed had is free again."""

import subprocess
import sys
import types
import uuid

import pytest
import torch

from relclip.compute import cards, device
from relclip.compute.world import World, own_device
from relclip.core.errors import InputError

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


def test_calls_of_one_group_get_a_card_each(names):
    """Processes of one training: with two jobs on the first two cards both would take the third, which NCCL refuses."""
    jobs = [start(names), start(names)]
    first, _, third = names
    assert [cards.freest(names, "training", 7) for _ in range(4)] == [2, 0, 1, 7]
    assert cards.freest([third, first], "another") == 0  # one job each, the first of equals
    for job, _ in jobs:
        job.kill()
        job.communicate()


@pytest.fixture
def box(monkeypatch, names):
    """A machine with three cards: which were asked to compute, and which cannot."""
    asked, broken = [], set()

    def zeros(*_, **__):
        if asked[-1] in broken:
            raise RuntimeError(f"no kernel image for {asked[-1]}")
        return torch.ones(1)

    for name, value in {
        "is_available": lambda: True,
        "device_count": lambda: 3,
        "get_device_properties": lambda number: types.SimpleNamespace(uuid=names[number]),
        "set_device": asked.append,
        "current_device": lambda: asked[-1],
    }.items():
        monkeypatch.setattr(torch.cuda, name, value)
    monkeypatch.setattr(torch, "zeros", zeros)
    device._card.cache_clear()
    yield asked, broken
    device._card.cache_clear()


@pytest.mark.parametrize("name", ["auto", "cuda"])
def test_the_card_is_one_that_is_free(box, names, name):
    job, first = start(names)
    assert first == 0
    assert device.best_device(name) == torch.device("cuda", 1) == device.best_device()
    assert box[0] == [1]
    job.kill()
    job.communicate()


def test_a_card_that_torch_cannot_use_is_passed_over(box, names):
    """An old one for the screen; a job failed there while others were free."""
    asked, broken = box
    broken.update({0, 1})
    assert device.best_device() == torch.device("cuda", 2)
    assert asked == [0, 1, 2]
    broken.add(2)
    device._card.cache_clear()
    with pytest.raises(InputError, match="no kernel image for 0"):
        device.best_device()


def test_a_card_that_is_named_is_this_process_s_too(box):
    """Its memory and arithmetic were asked of card 0; what torch cannot use ended in a traceback."""
    asked, broken = box
    assert device.best_device("cuda:1") == torch.device("cuda", 1) and asked == [1]
    broken.add(2)
    with pytest.raises(InputError, match=r"cannot compute on .*no kernel image for 2"):
        device.best_device("cuda:2")


def test_a_driver_that_is_too_old_is_a_sentence(box, monkeypatch):
    """Its cards are counted all the same."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    box[1].add(0)
    with pytest.raises(InputError, match=r"cannot compute on .*no kernel image for 0"):
        device.best_device("cuda")


def test_processes_of_a_training_take_the_cards_that_are_free(box, names, monkeypatch):
    monkeypatch.setenv("MASTER_ADDR", "localhost")
    monkeypatch.setenv("MASTER_PORT", names[0])
    jobs = [start(names), start(names)]
    assert [own_device("auto", World(number, 2, number, 2)) for number in range(2)] == ["cuda:2", "cuda:0"]
    for job, _ in jobs:
        job.kill()
        job.communicate()
