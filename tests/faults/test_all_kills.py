"""The whole sweep: every stage's command of the smoke preset, killed three times, once over a finished output.

`pytest -n 0 tests/faults/test_all_kills.py --all-faults [--house FOLDER]`; without the folder one is built first.
"""

import zlib
from pathlib import Path

import pytest
from house import build, commands, copy_of_the_project
from kills import assert_recovers, begin_over, kill_after, kill_at_rename, moments, undisturbed

RULES = [
    "raw",
    "dataset",
    "kb",
    "words",
    "clip_model",
    "clip_labels",
    "clip_prompts",
    "features_maps",
    "detector",
    "ext_annotated",
    "ext_sgdet",
    "train_run-relclip_full",
    "train_run-relclip_kb_ext",
    "train_run-motif_kb",
    "train_run-memory",
    "refine-visualds_kb_ext",
    "refine-visualds_semi",
    "refine-ba_sgg_kb",
    "predict_run-relclip_kb_ext",
    "predict_run-relclip_kb_ext_calibrated",
    "predict_run-motif_full",
    "predict_sgdet",
    "predict_training_free",
    "predict_training_free_sgdet",
    "evaluate_run",
    "evaluate_sgdet",
    "claims",
    "gradcam_run",
    "tables",
]


@pytest.fixture(scope="module")
def every(request, tmp_path_factory):
    """Name -> command of the smoke preset's jobs."""
    given = request.config.getoption("--house")
    folder = Path(given).resolve() if given else build(copy_of_the_project(tmp_path_factory.mktemp("house")))
    return {command.name: command for command in commands(folder)}


def test_no_rule_is_forgotten(tmp_path):
    """Each of a house that is not built yet, and what it writes lies in the folder of one try."""
    found = commands(copy_of_the_project(tmp_path))
    assert sorted(one.name for one in found) == sorted(RULES)
    assert all("{out}/" in one.arguments[one.arguments.index("--output") + 1] for one in found)


@pytest.mark.sweep
@pytest.mark.parametrize("name", RULES)
def test_a_killed_command_ends_in_the_same_bytes(every, tmp_path, name):
    whole = undisturbed(every[name], tmp_path)
    renames, share = moments(whole, zlib.crc32(name.encode()))
    for number in renames:
        out = tmp_path / f"rename-{number}"
        if number == renames[-1]:
            begin_over(whole, out)
        kill_at_rename(whole, out, number)
        assert_recovers(whole, out)
    kill_after(whole, tmp_path / "time", share * whole.seconds)
    assert_recovers(whole, tmp_path / "time")
