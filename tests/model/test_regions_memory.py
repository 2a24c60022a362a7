"""Who may fill how much of a card, and what happens where memory does not suffice: on a card that is not there."""

import gc

import pytest
import torch

from relclip.compute.device import GPU_JOBS, memory_to_keep
from relclip.core.errors import InputError
from relclip.model import ImageSet, Regions, with_room
from relclip.model.regions import resident

CPU, GB = torch.device("cpu"), 1 << 30


@pytest.fixture
def card(monkeypatch):
    """A card of 80 GB; returns a function that fills it and says how many jobs share it."""

    def filled(free, allocated=0, reserved=0, jobs=None):
        monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (free, 80 * GB))
        monkeypatch.setattr(torch.cuda, "memory_allocated", lambda device: allocated)
        monkeypatch.setattr(torch.cuda, "memory_reserved", lambda device: reserved)
        monkeypatch.setenv(GPU_JOBS, jobs) if jobs else monkeypatch.delenv(GPU_JOBS, raising=False)
        return memory_to_keep(torch.device("cuda", 0))

    return filled


def test_half_of_an_equal_part_for_each_of_the_jobs_of_a_card(card):
    assert card(80 * GB) == card(80 * GB, jobs="1") == 40 * GB
    assert card(80 * GB, jobs="2") == 20 * GB
    assert card(30 * GB, jobs="2") == 15 * GB, "no more than half of what is free"
    assert card(60 * GB, 15 * GB, 20 * GB, jobs="2") == 5 * GB, "what this process filled counts"
    assert card(10 * GB, 50 * GB, 70 * GB, jobs="2") == 0
    with pytest.raises(InputError, match="RELCLIP_GPU_JOBS is 'two'"):
        card(80 * GB, jobs="two")


def test_two_trainings_leave_half_of_the_card_to_their_steps(card):
    """Each with maps and pooled regions of train and validation, which take all they may, one after another."""
    held = [0, 0]
    for job in (0, 1, 0, 1, 0, 1, 0, 1):
        held[job] += card(80 * GB - sum(held), held[job], held[job], jobs="2")
    assert held == [20 * GB, 20 * GB]


def test_kept_regions_are_given_back_where_memory_does_not_suffice(tiny, capsys):
    images = ImageSet.load(tiny / "dataset", tiny / "features", "train")
    regions, other = Regions(images, 2, CPU), Regions(images, 1, CPU)
    before = regions.batch([0, 3])
    other.batch([1])
    regions._maps = resident(images, CPU, GB)

    def needs_room():
        if regions._kept or other._kept or regions._maps is not None:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return "done"

    assert with_room(needs_room) == "done"
    assert "going on without kept regions" in capsys.readouterr().err
    for found, expected in zip(regions.batch([0, 3]), before, strict=True):
        assert torch.equal(found, expected)
    assert not regions._kept, "nothing is kept from now on"
    assert with_room(needs_room) == "done"
    assert not capsys.readouterr().err


def test_other_errors_and_memory_that_nobody_holds_are_raised(tiny):
    gc.collect()
    regions = Regions(ImageSet.load(tiny / "dataset", tiny / "features", "train"), 2, CPU)
    regions.batch([0])
    with pytest.raises(ValueError, match="something else"):
        with_room(lambda: (_ for _ in ()).throw(ValueError("something else")))
    assert regions._kept

    def never():
        raise torch.OutOfMemoryError("CUDA out of memory")

    with pytest.raises(torch.OutOfMemoryError):
        with_room(never)
    with pytest.raises(torch.OutOfMemoryError):
        with_room(never)
