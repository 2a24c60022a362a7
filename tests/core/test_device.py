"""A device that is not there is one sentence, not torch's traceback."""

import pytest
import torch

from relclip.compute.device import best_device, prepare
from relclip.core.errors import InputError


@pytest.mark.parametrize("name", ["gpu", "", "cpu:x", "cpu:", "cuda:99", "mps"])
def test_a_device_that_is_not_there_is_refused(name):
    with pytest.raises(InputError, match=f"the device '{name}' is not there; give auto, cpu"):
        best_device(name)


def test_a_device_that_is_there_is_taken():
    assert best_device("cpu").type == best_device("cpu:0").type == "cpu"
    assert best_device().type == ("cuda" if torch.cuda.is_available() else "cpu")


def test_a_gpu_is_not_asked_for_determinism(monkeypatch):
    """torchvision's RoIAlign leaves its CUDA kernel for Python code where that mode is on."""
    before = torch.get_deterministic_debug_mode()
    try:
        monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
        prepare(0)
        assert not torch.are_deterministic_algorithms_enabled()
        monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
        prepare(0)
        assert torch.are_deterministic_algorithms_enabled()
    finally:
        torch.set_deterministic_debug_mode(before)
