"""kill -9 between a stage's files: the same command again gives the bytes of an undisturbed run, and nothing else."""

import pytest
from kills import assert_recovers, begin_over, kill_after, kill_at_rename

#: Which rename it is that never happens: the first, one in the middle, the last. Of features and train the sweep alone:
#: a stop in the middle of their work is in their own tests, and each of their processes takes seconds to import torch.
KILLS = [
    ("raw", 0.0),
    ("dataset", 0.5),
    ("kb", 0.7),
    pytest.param("features", 0.4, marks=pytest.mark.sweep),
    pytest.param("train", 0.5, marks=pytest.mark.sweep),
    ("predict", 1.0),
    ("evaluate", 0.6),
]


@pytest.mark.parametrize(("name", "share"), KILLS)
def test_a_killed_stage_ends_in_the_same_bytes(small, tmp_path, name, share):
    whole = small.undisturbed(name)
    number = 1 + round(share * (whole.renames - 1))
    kill_at_rename(whole, tmp_path / "killed", number)
    assert_recovers(whole, tmp_path / "killed")


def test_a_kill_while_the_old_result_is_replaced(small, tmp_path):
    whole = small.undisturbed("dataset")
    begin_over(whole, tmp_path / "over")
    kill_at_rename(whole, tmp_path / "over", whole.renames)
    assert (tmp_path / "over" / "made").is_dir()
    assert_recovers(whole, tmp_path / "over")


def test_workers_end_with_a_killed_stage(small, tmp_path):
    whole = small.undisturbed("kb")
    kill_after(whole, tmp_path / "killed", 0.6 * whole.seconds)
    assert_recovers(whole, tmp_path / "killed")
