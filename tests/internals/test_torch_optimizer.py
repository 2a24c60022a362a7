"""What is changed in torch's optimisers is there; another version is left alone. Equal steps: tests/train."""

import inspect

import pytest
import torch

from relclip.internals import looked_into
from relclip.internals.torch_optimizer import KNOWN, PATCH, WRAPPED, spare_torch_compile

MARK = "__dynamo_disable"


@pytest.fixture
def methods(monkeypatch):
    """The wrapped functions, as torch leaves them, put back after the test."""
    found = [inspect.unwrap(getattr(torch.optim.Optimizer, name)) for name in WRAPPED]
    for method in found:
        monkeypatch.delattr(method, MARK, raising=False)
    return found


def test_the_known_version_has_the_wrappers():
    assert looked_into("torch", torch.__version__, KNOWN, "", PATCH), (
        "read torch/_compile.py again, then name the version"
    )
    for name in WRAPPED:
        assert hasattr(getattr(torch.optim.Optimizer, name), "__wrapped__")
    assert MARK in inspect.getsource(torch._compile)


@pytest.mark.parametrize("other", ["2.15.0", "2.13.1+cpu", "3.0.0", "2.14.0.dev1"])
def test_another_version_keeps_its_way_and_is_named(methods, capsys, other):
    assert not spare_torch_compile(other)
    assert not any(hasattr(method, MARK) for method in methods)
    assert other in capsys.readouterr().err
