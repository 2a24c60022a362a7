"""The networks: the large one learns too, the small one grows with its pictures."""

import torch

from relclip.core.params.detector import Detector
from relclip.detector.network import DetectorConfig, build
from relclip.detector.pictures import Picture, as_input
from relclip.detector.training import compute_losses, make_optimizer, update

CPU = torch.device("cpu")


def _example(width, height):
    pixels = torch.full((3, height, width), 90, dtype=torch.uint8)
    pixels[:, 10:40, 8:50] = 200
    target = {"boxes": torch.tensor([[8.0, 10, 50, 40]]), "labels": torch.tensor([2])}
    return Picture(pixels, 2 * width, 2 * height), target


def test_resnet50_takes_a_step():
    """Five seconds, because no other test runs the network of Visual Genome."""
    settings = Detector(backbone="resnet50", image_size=64)
    model = build(DetectorConfig(backbone="resnet50", image_size=64, classes=3)).train()
    before = model.backbone.body.conv1.weight.detach().clone()
    batch = [_example(64, 48), _example(48, 64)]
    losses = compute_losses(model, batch, CPU)
    update(model, make_optimizer(model, settings), losses[0], 1e-3)
    assert torch.isfinite(torch.stack([loss.detach() for loss in losses])).all()
    assert not torch.equal(before, model.backbone.body.conv1.weight)


def test_the_small_detector_fits_pictures_of_any_size_and_shape():
    for size, scale in ((64, 0.5), (128, 1), (256, 2)):
        model = build(DetectorConfig(backbone="small", image_size=size, classes=3)).eval()
        anchors = model.rpn.network.anchor_generator
        assert anchors.sizes[0] == (12 * scale, 20 * scale)
        (found,) = model([as_input(_example(size, size // 2 + 5)[0], CPU)])
        boxes = found["boxes"]
        assert (boxes >= 0).all() and (boxes[:, 0::2] <= size).all()


def test_the_same_seed_builds_the_same_weights():
    config = DetectorConfig(backbone="small", image_size=64, classes=3)
    first, same, other = (build(config, seed).state_dict() for seed in (0, 0, 1))
    assert all(torch.equal(first[name], same[name]) for name in first)
    assert not torch.equal(first["backbone.stem.0.weight"], other["backbone.stem.0.weight"])
