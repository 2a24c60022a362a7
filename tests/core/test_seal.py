"""A sealed safetensors file: any flipped bit is found, the same numbers give the same bytes, others' files pass."""

import numpy as np
import pytest
from safetensors import SafetensorError, safe_open
from safetensors.numpy import load_file, save

from relclip.compute.seal import UNSEALED, check_seal, seal

TENSORS = {"b": np.arange(12, dtype=np.float32).reshape(3, 4), "ä": np.ones(5, np.float16)}


def sealed(path):
    path.write_bytes(save(TENSORS, {"format": "pt", "by": "us", **UNSEALED}))
    seal(path)
    return path


def test_the_same_numbers_give_the_same_bytes_and_read_as_they_were(tmp_path):
    first = sealed(tmp_path / "0").read_bytes()
    assert all(sealed(tmp_path / str(number)).read_bytes() == first for number in range(1, 20))
    check_seal(tmp_path / "0")
    assert all(np.array_equal(array, TENSORS[name]) for name, array in load_file(tmp_path / "0").items())
    with safe_open(tmp_path / "0", "np") as file:
        assert file.metadata()["format"] == "pt"


def test_every_flipped_bit_of_the_numbers_is_found(tmp_path):
    content = sealed(tmp_path / "a").read_bytes()
    size = sum(array.nbytes for array in TENSORS.values())
    for place in range(len(content) - size, len(content)):
        damaged = bytearray(content)
        damaged[place] ^= 1 << place % 8
        (tmp_path / "b").write_bytes(damaged)
        with pytest.raises(SafetensorError, match="damaged"):
            check_seal(tmp_path / "b")


def test_files_of_others_pass(tmp_path):
    (tmp_path / "plain").write_bytes(save(TENSORS))
    (tmp_path / "none").write_bytes(b"nothing")
    check_seal(tmp_path / "plain")
    check_seal(tmp_path / "none")  # whose reader says what it is
