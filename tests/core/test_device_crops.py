"""Crops made on the device are Pillow's, to a level."""

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw, ImageFilter

from relclip.core.params.ext import Ext
from relclip.encoder import regions
from relclip.encoder.crops import cut, pixel_boxes
from relclip.encoder.regions import axis_matrix, cut_there, embed_regions

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def picture():
    """Soft texture with hard edges, as a photograph has both."""
    random = np.random.default_rng(0)
    noise = random.integers(0, 256, (188, 250, 3), dtype=np.uint8)
    image = Image.fromarray(noise).filter(ImageFilter.GaussianBlur(2))
    draw = ImageDraw.Draw(image)
    for left, top, width, height, *colour in random.integers(1, 250, (40, 7)).tolist():
        draw.rectangle([left, top, left + width // 4, top + height // 4], fill=tuple(colour))
    return np.array(image)


@pytest.fixture(scope="module")
def boxes():
    """From the whole picture down to a pixel, thin ones and ones at the rim."""
    random = np.random.default_rng(1)
    low = random.uniform(0, 0.8, (30, 2))
    drawn = np.concatenate([low, low + random.uniform(0.02, 0.2, low.shape)], axis=1) * [250, 188, 250, 188]
    given = [[0, 0, 250, 188], [5, 7, 6, 8], [0, 0, 250, 1], [249, 0, 250, 188], [100, 50, 148, 98]]
    return pixel_boxes(np.concatenate([drawn, given]).astype(np.float32), 250, 188)


@pytest.mark.parametrize("size", [24, 48, 112])
def test_a_level_from_the_cpu_at_most_two_and_from_pillow(picture, boxes, size, monkeypatch):
    """The largest and the mean difference, of 255."""
    monkeypatch.setattr(regions, "AT_ONCE", 7 * 188 * size * 3)
    found = cut_there(picture, boxes.astype(np.float32), size, CPU).int()
    usual = cut(picture, boxes.astype(np.float32), size).int()
    assert (found - usual).abs().max() <= 2
    assert (found - usual).abs().float().mean() < 0.01
    whole = Image.fromarray(picture)
    pillow = torch.stack([
        torch.from_numpy(np.array(whole.crop(box).resize((size, size), Image.Resampling.BICUBIC))).permute(2, 0, 1)
        for box in boxes.tolist()
    ]).int()  # fmt: skip
    assert (found - pillow).abs().float().mean() < 0.02
    assert (found - pillow).abs().max() <= (usual - pillow).abs().max() + 1


def test_every_output_pixel_is_a_mean_of_its_crop_alone():
    weights = axis_matrix(torch.tensor([3, 0]), torch.tensor([5, 20]), 20, 8)
    torch.testing.assert_close(weights.sum(2), torch.ones(2, 8))
    assert not weights[0, :, :3].any() and not weights[0, :, 5:].any()


def test_ext_sees_the_same_through_either(tiny, picture, boxes, tmp_path):
    from relclip.encoder.encoder import load_encoder

    Image.fromarray(picture).save(tmp_path / "one.png")
    encoder, regions = load_encoder(tiny.model, CPU), [(tmp_path / "one.png", boxes.astype(np.float32))]
    found = {where: embed_regions(encoder, regions, 16, 0.0, where) for where in ("auto", "pil", "device")}
    assert np.array_equal(found["auto"], found["pil"]), "auto on the CPU is Pillow's arithmetic"
    assert (found["device"] * found["pil"]).sum(axis=1).min() > 0.999
    assert Ext().resize == "auto"
