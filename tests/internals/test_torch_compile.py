"""torchvision and timm come without torch.compile, which is there for who wants it; other versions keep their way."""

import subprocess
import sys
from importlib.metadata import version

import pytest
import torchvision.ops

from relclip.internals import looked_into, torch_compile

SPARED = """
import sys
sys.argv = ["-m"]  # as while `python -m` looks for its module
import relclip
import torchvision.models.detection, open_clip
assert "torch._dynamo" not in sys.modules
from importlib import import_module
import torch
supported = import_module("torchvision.ops.roi_align").is_compile_supported("cpu")
assert supported == torch._dynamo.utils.is_compile_supported("cpu")
assert torch.compiler.disable(len)([1]) == 1
"""


def test_a_program_that_imports_relclip_keeps_them_as_they_are():
    plain = "import sys; before = list(sys.meta_path); import relclip; assert sys.meta_path == before"
    subprocess.run([sys.executable, "-c", plain], check=True)


def test_an_encoder_and_a_detector_come_without_torch_compile_which_is_there_for_who_asks():
    subprocess.run([sys.executable, "-c", SPARED], check=True)


@pytest.mark.parametrize("package", torch_compile.KNOWN)
def test_the_known_versions_are_those_of_the_lock(package):
    known = torch_compile.KNOWN[package]
    assert looked_into(package, version(package), known, "", torch_compile.PATCH), (
        "read what it imports of torch.compile again, then name the version"
    )


def test_another_version_keeps_its_way_and_is_named(monkeypatch, capsys):
    monkeypatch.delitem(sys.modules, torch_compile.SPARED, raising=False)
    monkeypatch.setattr("importlib.metadata.version", lambda _: "0.30.1")
    spec = torch_compile._Finder().find_spec("torchvision.ops.roi_align", torchvision.ops.__path__)
    assert not isinstance(spec.loader, torch_compile._Loader)
    assert "torchvision 0.30.1" in capsys.readouterr().err
