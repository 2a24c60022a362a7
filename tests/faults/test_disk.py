"""A full disk, a limit on file sizes, a closed folder: one sentence, nothing half-written, then recovery."""

import os
import resource
import shutil
import subprocess
from dataclasses import replace

import pytest
from processes import assert_one_sentence

SWEEP = pytest.mark.sweep
STAGES = [
    "raw",
    "kb",
    *(pytest.param(name, marks=SWEEP) for name in ("dataset", "features", "train", "evaluate")),
]


def hidden(folder):
    """Temporary files of a stage that is over; what a stage goes on from is none."""
    return [path for path in folder.rglob(".*.partial") if path.name != ".maps.npy.partial"]


@pytest.mark.parametrize("name", STAGES)
def test_a_disk_that_fills_up_is_one_sentence(small, tmp_path, name):
    command = small.command(name)
    status, text, _ = command.run(tmp_path / "out", "full=1")
    assert status == 2
    assert_one_sentence(text)
    assert "No space left on device" in text.splitlines()[-1]
    assert not hidden(tmp_path)
    assert command.run(tmp_path / "out")[0] == 0


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("kb", 2_000),
        *(
            pytest.param(*case, marks=SWEEP)
            for case in (("raw", 3_000), ("features", 2_000), ("train", 20_000))
        ),
    ],
)
def test_files_that_may_not_grow_are_one_sentence(small, tmp_path, name, size):
    def limited():
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    status, text, _ = small.command(name).run(tmp_path / "out", preexec_fn=limited)
    assert status == 2
    assert_one_sentence(text)
    assert "File too large" in text.splitlines()[-1]
    assert not hidden(tmp_path)


def mount_small(folder, options):
    """Mount a disk in memory there, or skip the test."""
    mount = ["mount", "-t", "tmpfs", "-o", options, "none", str(folder)]
    if (
        os.geteuid()
        or not shutil.which("mount")
        or subprocess.run(mount, check=False, capture_output=True).returncode
    ):
        pytest.skip("no disk can be mounted here")


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 16 KB; only root may mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount_small(folder, "size=16k")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize("name", ["raw", "features", pytest.param("train", marks=SWEEP)])
def test_a_real_full_disk_is_one_sentence(small, small_disk, name):
    status, text, _ = small.command(name).run(small_disk / "out")
    assert status == 2, text[-2000:]
    assert_one_sentence(text)
    assert "No space left on device" in text or "no room for patch maps" in text
    assert not hidden(small_disk)


@pytest.fixture
def read_only(tmp_path):
    """A folder that this user may not write to: root may write anywhere but on a disk that is read-only."""
    folder = tmp_path / "closed"
    folder.mkdir()
    if os.geteuid():
        folder.chmod(0o555)
        yield folder
        folder.chmod(0o755)
        return
    mount_small(folder, "ro")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize(
    "name", ["raw", pytest.param("kb", marks=SWEEP), pytest.param("features", marks=SWEEP)]
)
def test_a_folder_nobody_may_write_to_is_one_sentence(small, read_only, name):
    command = small.command(name)
    arguments = tuple(word.replace("{out}", str(read_only)) for word in command.arguments)
    status, text, _ = replace(command, arguments=arguments).run(read_only.parent / "out")
    assert status == 2
    assert_one_sentence(text)
    assert any(words in text for words in ("Read-only file system", "Permission denied"))
