"""The networks: the large one learns too, the small one grows with its pictures."""

import pytest
import torch
from torchvision.models import ResNet50_Weights, resnet50
from torchvision.models.detection import FasterRCNN_ResNet50_FPN_Weights, fasterrcnn_resnet50_fpn

from relclip.compute.schedule import make_optimizer
from relclip.core.errors import InputError
from relclip.core.params.detector import Detector
from relclip.detector.network import DetectorConfig, build, pretrained
from relclip.detector.pictures import Picture, as_input
from relclip.detector.training import compute_losses, learning_rate, update

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
    update(model, make_optimizer(settings, model.parameters()), losses[0], 1e-3)
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


@pytest.mark.parametrize("backbone", ["small", "resnet50"])
def test_what_is_found_does_not_depend_on_the_picture_that_came_first(backbone):
    """torchvision reads the stride of the maps off the first picture: 64 x 36, padded to 64 x 64, said 2 for 4."""
    config = DetectorConfig(backbone=backbone, image_size=64, classes=3)
    upright, wide = (as_input(_example(*sides)[0], CPU) for sides in ((40, 64), (64, 36)))
    (alone,) = build(config).eval()([upright])
    model = build(config).eval()
    model([wide])
    (after,) = model([upright])
    assert torch.equal(alone["boxes"], after["boxes"]) and torch.equal(alone["scores"], after["scores"])


def test_the_same_seed_builds_the_same_weights():
    config = DetectorConfig(backbone="small", image_size=64, classes=3)
    first, same, other = (build(config, seed).state_dict() for seed in (0, 0, 1))
    assert all(torch.equal(first[name], same[name]) for name in first)
    assert not torch.equal(first["backbone.stem.0.weight"], other["backbone.stem.0.weight"])


LARGE = {"backbone": "resnet50", "image_size": 64, "classes": 3}


def test_resnet50_is_torchvisions_own():
    torch.manual_seed(3)
    own = fasterrcnn_resnet50_fpn(weights=None, weights_backbone=None, num_classes=4).state_dict()
    ours = build(DetectorConfig(**LARGE), 3).state_dict()
    assert own.keys() == ours.keys() and all(torch.equal(own[name], ours[name]) for name in own)


def _stands_for(monkeypatch, weights, state):
    def fetched(self, *, check_hash, weights_only, **_):
        assert check_hash and weights_only and self.url == weights.url
        return state

    monkeypatch.setattr(type(weights), "get_state_dict", fetched)


def test_imagenet_gives_the_body_and_its_normalisation_stays(monkeypatch):
    state = resnet50(weights=None).state_dict()
    state["bn1.running_mean"] += 1
    _stands_for(monkeypatch, ResNet50_Weights.IMAGENET1K_V1, state)
    model = pretrained(build(DetectorConfig(**LARGE, frozen_norm=True)), "imagenet").train()
    body = model.backbone.body
    assert torch.equal(body.conv1.weight, state["conv1.weight"])
    assert torch.equal(body.layer4[2].conv3.weight, state["layer4.2.conv3.weight"])
    assert not body.conv1.weight.requires_grad and body.layer2[0].conv1.weight.requires_grad
    settings = Detector(backbone="resnet50", image_size=64, start="imagenet")
    learnt = body.layer2[0].conv1.weight.detach().clone()
    losses = compute_losses(model, [_example(64, 48)], CPU)
    update(model, make_optimizer(settings, model.parameters()), losses[0], 1e-3)
    assert torch.equal(body.bn1.running_mean, state["bn1.running_mean"])
    assert not torch.equal(body.layer2[0].conv1.weight, learnt)


def test_coco_gives_all_but_the_classes(monkeypatch):
    torch.manual_seed(1)
    coco = fasterrcnn_resnet50_fpn(weights=None, weights_backbone=None, num_classes=91).state_dict()
    coco = {name: value for name, value in coco.items() if not name.endswith("num_batches_tracked")}
    _stands_for(monkeypatch, FasterRCNN_ResNet50_FPN_Weights.COCO_V1, coco)
    model = build(DetectorConfig(**LARGE, frozen_norm=True))
    untouched = model.roi_heads.box_predictor.cls_score.weight.detach().clone()
    state = pretrained(model, "coco").state_dict()
    assert torch.equal(state["roi_heads.box_head.fc6.weight"], coco["roi_heads.box_head.fc6.weight"])
    assert torch.equal(state["roi_heads.box_predictor.cls_score.weight"], untouched)


def test_the_usual_schedule_is_torchs():
    """SGD with momentum, the rate a tenth from each step of the list on, as torch's own scheduler has it."""
    settings = Detector(
        optimizer="sgd", learning_rate=0.5, weight_decay=0.2, warmup=0, iterations=9, schedule=[4, 6]
    )
    torch.manual_seed(0)
    ours, torchs = (torch.nn.Linear(3, 2) for _ in range(2))
    torchs.load_state_dict(ours.state_dict())
    groups = [{"params": [torchs.weight], "weight_decay": 0.2}, {"params": [torchs.bias]}]
    plain = torch.optim.SGD(groups, lr=0.5, momentum=0.9)
    falling = torch.optim.lr_scheduler.MultiStepLR(plain, [4, 6])
    optimizer = make_optimizer(settings, ours.parameters())
    for step, inputs in enumerate(torch.randn(9, 5, 3)):
        update(ours, optimizer, ours(inputs).square().mean(), learning_rate(settings, step))
        plain.zero_grad()
        torchs(inputs).square().mean().backward()
        plain.step()
        falling.step()
    torch.testing.assert_close(ours.weight, torchs.weight)
    torch.testing.assert_close(ours.bias, torchs.bias)
    warm = settings.model_copy(update={"warmup": 4})
    assert [learning_rate(warm, step) for step in range(5)] == pytest.approx([0.125, 0.25, 0.375, 0.5, 0.05])


@pytest.mark.parametrize("schedule", [[6, 4], [4, 4], [9], [2], "steps"])
def test_a_schedule_that_is_none_is_refused(schedule):
    with pytest.raises(ValueError, match="schedule"):
        Detector(warmup=3, iterations=9, schedule=schedule)


def test_a_start_that_cannot_be_had_is_one_sentence(monkeypatch):
    def offline(self, **_):
        raise OSError("no route to host")

    monkeypatch.setattr(ResNet50_Weights, "get_state_dict", offline)
    with pytest.raises(InputError, match=r"resnet50.*no route to host.*detector.start: none"):
        pretrained(build(DetectorConfig(**LARGE, frozen_norm=True)), "imagenet")
    with pytest.raises(ValueError, match="start: coco needs backbone: resnet50"):
        Detector(start="coco")
