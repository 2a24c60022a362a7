"""A card that torch cannot use is told before hours of work; a machine without one is not held back by that."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from relclip.compute import device
from relclip.core import card
from relclip.core.errors import InputError

ROOT = Path(__file__).resolve().parents[2]
NONE_TO_USE = pytest.mark.skipif(torch.cuda.is_available(), reason="torch can use this machine's card")


@pytest.fixture
def shown(tmp_path, monkeypatch):
    """A machine that shows a card, asked anew."""
    (tmp_path / "nvidia0").touch()
    monkeypatch.setattr(card, "DEVICES", tmp_path)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    device._card.cache_clear()


def test_a_card_is_seen_and_can_be_hidden(shown, tmp_path, monkeypatch):
    assert card.is_there()
    for hidden in ("", " ", "-1", "-1,0", "NoDevFiles"):
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", hidden)
        assert not card.is_there()
    for one in ("0", "0,-1", "GPU-1f2e", "MIG-3d4c"):
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", one)
        assert card.is_there()
    (tmp_path / "nvidia0").rename(tmp_path / "nvidiactl")  # the driver's own
    assert not card.is_there()
    monkeypatch.setattr(card, "OF_WINDOWS", tmp_path / "nvidiactl")
    assert card.is_there()


@NONE_TO_USE
def test_visual_genome_is_refused_on_a_card_that_torch_cannot_use(shown, monkeypatch):
    with pytest.raises(
        InputError, match=r"cannot compute on .* \(RuntimeError: .*CUDA_VISIBLE_DEVICES= before"
    ):
        card.check()
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "7")
    with pytest.raises(InputError, match=r"NVIDIA card with CUDA_VISIBLE_DEVICES=7 \("):
        card.check()
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    card.check()


TORCH = """
import os, types
cuda = types.SimpleNamespace(device_count=lambda: 2)
def zeros(count, device):
    if device in os.environ["BROKEN"]:
        raise RuntimeError(f"CUDA error: out of memory on {device}\\nSearch for it\\nDevice-side assertions were off")
    return types.SimpleNamespace(item=float)
"""


@pytest.mark.parametrize(
    ("broken", "said"),
    [("", ""), ("cuda:0", ""), ("cuda:0 cuda:1", "RuntimeError: CUDA error: out of memory on cuda:0")],
)
def test_a_further_card_will_do_and_the_first_line_of_an_error_is_told(tmp_path, monkeypatch, broken, said):
    """Jobs pass an old card over, and Snakemake refused it; CUDA's last line is about its debugging."""
    (tmp_path / "torch.py").write_text(TORCH)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("BROKEN", broken)
    assert card.trouble() == said


def test_a_card_that_others_have_is_no_old_driver():
    taken = str(card.unusable("CUDA error: CUDA-capable device(s) is/are busy or unavailable"))
    assert "--resources gpu=1" in taken and "driver" not in taken
    full = str(card.unusable("CUDA error: out of memory"))
    assert "end the programs that fill it" in full and "driver" not in full


@NONE_TO_USE
def test_the_cpu_computes_with_a_word(shown, capsys):
    assert device.best_device().type == device.best_device().type == "cpu"
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 1 and torch.__version__ in said[0] and "there is an NVIDIA card" in said[0]


@NONE_TO_USE
def test_a_card_that_is_too_old_for_torch_is_one_sentence(shown, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)  # its kernels are what is missing
    with pytest.raises(InputError, match="torch cannot compute on this machine's NVIDIA card"):
        device.best_device()


GPUS = """
from pathlib import Path
from relclip.core import card
from relclip.internals.snakemake import read_rules
for card.is_there in (lambda: False, lambda: True):
    rules = {rule.name: rule for rule in read_rules(Path.cwd()).rules}
    print(*(rules[name].resources["gpu"]._evaluator(None) for name in ("detector", "predict_run")))
"""


@pytest.mark.workflow
def test_without_a_card_only_the_cores_limit_how_many_jobs_run():
    done = subprocess.run([sys.executable, "-c", GPUS], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["0", "0", "1", "1"], done.stderr
