"""Patch maps and EXT's crops on a CUDA card that is not there (tests/fake_card.py)."""

import numpy as np
import open_clip
import pytest
import torch
from fake_card import CARD, answered, fake_card
from PIL import Image

from relclip.encoder import regions
from relclip.encoder.encoder import Encoder
from relclip.features.stage import patch_maps_of, squash

VISION = {"image_size": 32, "layers": 2, "width": 64, "head_width": 32, "patch_size": 16}
TEXT = {"context_length": 12, "vocab_size": 100, "width": 32, "heads": 2, "layers": 1}
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(params=[False, True], ids=["GELU", "QuickGELU"])
def encoder(request, monkeypatch):
    """Read before tensors are fake, for it asks for the scale of its logits."""
    model = open_clip.CLIP(24, VISION, TEXT, quick_gelu=request.param)
    model.visual.preprocess_cfg = {"size": 32, "mean": [0.5] * 3, "std": [0.2] * 3}
    made = Encoder(model, None, torch.device("cpu"))
    with fake_card(monkeypatch):
        made._model.to(CARD)
        answered(monkeypatch)  # whether float16 holds what came out
        made.device, made._mean, made._std = CARD, made._mean.to(CARD), made._std.to(CARD)
        yield made


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / "picture.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (40, 56, 3), np.uint8)).save(path)
    return path


BOXES = np.array([[3, 4, 30, 20], [0, 0, 56, 40], [50, 30, 56, 40]], np.float32)


@pytest.mark.parametrize("size", [32, 48])
def test_features(encoder, size):
    pictures = [squash(np.zeros((40, 56, 3), np.uint8), size) for _ in range(3)]
    maps = patch_maps_of(encoder, pictures, size)
    assert (type(maps), maps.shape, maps.dtype) == (np.ndarray, (3, size // 16, size // 16, 64), np.float16)


@pytest.mark.parametrize("where", ["auto", "cpu"])
def test_ext(encoder, picture, where):
    found = regions.embed_regions(encoder, [(picture, BOXES), (picture, BOXES[:1])], 2, 0.1, where)
    assert (type(found), found.shape) == (np.ndarray, (4, 24))


def test_the_frozen_encoder_computes_in_float16(encoder, monkeypatch):
    seen, block = [], encoder._model.visual.transformer.resblocks[0].mlp
    block.register_forward_hook(lambda module, inputs, output: seen.append((output.dtype, output.device)))
    encoder.patch_map(torch.zeros(2, 3, 32, 32, dtype=torch.uint8), 32)
    assert seen == [(torch.float16, CARD)]


@pytest.mark.parametrize(
    "fault", ["left on the CPU", "an array of what is on the card", "waits for the card"]
)
def test_planted_faults_are_caught(encoder, picture, monkeypatch, fault):
    if fault == "left on the CPU":
        encoder._mean = encoder._mean.cpu()
    elif fault == "an array of what is on the card":
        monkeypatch.setattr(torch.Tensor, "cpu", lambda tensor: tensor)
    else:
        monkeypatch.setattr(regions, "pixel_boxes", lambda *_: BOXES[: int(encoder._mean.sum().item())])
    with pytest.raises(Exception, match=r"device|_local_scalar_dense"):
        regions.embed_regions(encoder, [(picture, BOXES)], 8, 0.0)
