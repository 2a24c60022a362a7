"""Regions that one process pooled and others read: the same bytes, whatever happened to the file."""

import shutil

import pytest
import torch

from relclip.model import ImageSet, Regions
from relclip.model.pooled import FOLDER

CPU = torch.device("cpu")


@pytest.fixture
def maps(tiny, tmp_path, monkeypatch):
    """A dataset and features of its own; pooled regions are shared below tmp_path / "pooled"."""
    shutil.copytree(tiny / "features", tmp_path / "features")
    monkeypatch.setenv(FOLDER, str(tmp_path / "pooled"))
    return tiny / "dataset", tmp_path / "features"


def files(tmp_path):
    return [path for path in (tmp_path / "pooled").rglob("*") if path.is_file()]


def answers(places, monkeypatch, *, size=2, split="train"):
    """All that new Regions say, one after another, and the images that they pooled themselves."""
    regions = Regions(ImageSet.load(*places, split), size, CPU)
    pooled, pool = [], regions._pool
    monkeypatch.setattr(regions, "_pool", lambda images: pooled.extend(images) or pool(images))
    return torch.cat(regions.batch(range(len(regions.images)))), pooled


def test_a_second_process_reads_what_the_first_pooled(maps, tmp_path, monkeypatch):
    monkeypatch.delenv(FOLDER)
    expected, pooled = answers(maps, monkeypatch)
    assert len(pooled) == len(ImageSet.load(*maps, "train")) and not files(tmp_path)
    monkeypatch.setenv(FOLDER, str(tmp_path / "pooled"))
    first, pooled = answers(maps, monkeypatch)
    assert pooled
    second, pooled = answers(maps, monkeypatch)
    assert not pooled
    assert torch.equal(first, expected) and torch.equal(second, expected)


def test_other_sizes_and_boxes_have_a_file_each_and_other_maps_begin_anew(maps, tmp_path, monkeypatch):
    for count, about in enumerate(({}, {"size": 1}, {"split": "val"}), 1):
        assert answers(maps, monkeypatch, **about)[1]
        assert len(files(tmp_path)) == count
    own = tmp_path / "pooled" / "features" / "notes.txt"
    own.write_text("a person's")
    content = (maps[1] / "maps.npy").read_bytes()
    (maps[1] / "maps.npy").unlink()
    (maps[1] / "maps.npy").write_bytes(content[:-2] + b"\x00\x3c")
    assert answers(maps, monkeypatch)[1]
    own.unlink()
    assert len(files(tmp_path)) == 1, "what was pooled of the maps before is gone"


def test_rows_that_were_half_written_or_lost_are_pooled_again(maps, tmp_path, monkeypatch):
    expected, _ = answers(maps, monkeypatch)
    (path,) = files(tmp_path)
    content = bytearray(path.read_bytes())
    content[-3] ^= 1  # in the rows of the last image
    path.write_bytes(content)
    found, pooled = answers(maps, monkeypatch)
    assert len(pooled) == 1 and torch.equal(found, expected)
    path.write_bytes(path.read_bytes()[:-10])
    found, pooled = answers(maps, monkeypatch)
    assert len(pooled) == 1 and torch.equal(found, expected)
    assert not answers(maps, monkeypatch)[1], "and written again"


def test_a_full_disk_and_a_folder_that_cannot_be_written_share_nothing(maps, tmp_path, monkeypatch):
    expected, _ = answers(maps, monkeypatch)
    shutil.rmtree(tmp_path / "pooled")

    def full(*anything):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("os.pwrite", full)
        assert torch.equal(answers(maps, monkeypatch)[0], expected)
    monkeypatch.setenv(FOLDER, "/dev/null/nowhere")
    assert torch.equal(answers(maps, monkeypatch)[0], expected)
