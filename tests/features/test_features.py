"""Patch maps: every row is its own picture's, an interrupted run ends in the same bytes."""

import numpy as np
import pytest
import torch
from PIL import Image

from relclip.core.annotations import load_annotations
from relclip.core.digest import file_digest
from relclip.core.errors import InputError
from relclip.core.images import read_image
from relclip.core.parquet import MAP_ROWS, read_table
from relclip.encoder.crops import as_tensor
from relclip.encoder.encoder import Encoder, load_encoder
from relclip.features import stage


def _run(tiny, output, threads=2, **inputs):
    given = {"raw": tiny.raw, "dataset": tiny.dataset, "model": tiny.model, **inputs}
    stage.run(tiny.params.features, output=output, threads=threads, **given)
    return np.load(output / "maps.npy", mmap_mode="r")


def test_each_row_is_the_map_of_its_picture(tiny, tmp_path):
    maps = _run(tiny, tmp_path)
    rows = read_table(tmp_path / "images.parquet", MAP_ROWS).to_pylist()
    annotations, encoder = load_annotations(tiny.dataset), load_encoder(tiny.model, torch.device("cpu"))
    assert maps.shape == (24, 4, 4, 32) and maps.dtype == np.float16
    assert [row["image_id"] for row in rows] == annotations.image_id.tolist()
    for row in rows[::5]:
        file = annotations.file[annotations.image_id.tolist().index(row["image_id"])]
        alone = encoder.patch_map(as_tensor(read_image(tiny.raw / file)), 32)[0]
        assert np.allclose(maps[row["row"]], alone, atol=5e-3)


def test_the_bytes_depend_on_no_thread_count(tiny, tmp_path):
    for threads in (1, 3):
        _run(tiny, tmp_path / str(threads), threads)
    for name in ("maps.npy", "images.parquet"):
        assert (tmp_path / "1" / name).read_bytes() == (tmp_path / "3" / name).read_bytes()
    assert sorted(path.name for path in (tmp_path / "1").iterdir()) == [
        "images.parquet",
        "maps.npy",
        "maps.sha256",
    ]
    assert (tmp_path / "1" / "maps.sha256").read_text().strip() == file_digest(tmp_path / "1" / "maps.npy")


def test_an_interrupted_run_goes_on_and_ends_in_the_same_bytes(tiny, tmp_path, monkeypatch):
    _run(tiny, tmp_path / "whole")
    monkeypatch.setattr(stage, "BATCHES_BETWEEN_RECORDS", 2)
    made, patch_map = [], Encoder.patch_map

    def count(self, batch, size):
        made.append(len(batch))
        if len(made) == 6:
            raise KeyboardInterrupt
        return patch_map(self, batch, size)

    monkeypatch.setattr(Encoder, "patch_map", count)
    with pytest.raises(KeyboardInterrupt):
        _run(tiny, tmp_path / "cut", threads=1)
    assert not (tmp_path / "cut" / "maps.npy").exists()
    done, made[:] = len(made), [0] * 10
    _run(tiny, tmp_path / "cut", threads=1)
    assert done + len(made) - 10 < 14, "what was done is not done again"
    assert (tmp_path / "cut" / "maps.npy").read_bytes() == (tmp_path / "whole" / "maps.npy").read_bytes()


def test_an_unfinished_file_of_other_inputs_is_begun_anew(tiny, tmp_path):
    (tmp_path / ".maps.json").write_text('{"key": "another", "rows": 20}')
    (tmp_path / ".maps.npy.partial").write_bytes(b"nothing")
    assert np.array_equal(_run(tiny, tmp_path), _run(tiny, tmp_path / "clean"))


def test_a_broken_picture_is_one_sentence(tiny, tmp_path):
    import shutil

    shutil.copytree(tiny.raw / "images", tmp_path / "raw" / "images")
    (tmp_path / "raw" / "images" / "7.jpg").write_bytes(b"no picture")
    with pytest.raises(InputError, match=r"7\.jpg"):
        _run(tiny, tmp_path / "out", raw=tmp_path / "raw")
    Image.new("L", (9, 31)).save(tmp_path / "raw" / "images" / "7.jpg")
    assert len(_run(tiny, tmp_path / "out", raw=tmp_path / "raw")) == 24
