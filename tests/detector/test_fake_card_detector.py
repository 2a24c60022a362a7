"""The detector up to its region proposals on a CUDA card that is not there (tests/fake_card.py).

What follows asks how many proposals there are, and so for numbers.
"""

import pytest
import torch
from fake_card import CARD, NeverWaits, fake_card

from relclip.detector.network import DetectorConfig, build
from relclip.detector.pictures import Picture, as_input

CONFIGS = [
    DetectorConfig(backbone="small", image_size=64, classes=3),
    DetectorConfig(backbone="resnet50", image_size=64, classes=3, frozen_norm=True),
]
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(params=CONFIGS, ids=lambda config: config.backbone)
def model(request, monkeypatch):
    made = build(request.param)
    with fake_card(monkeypatch):
        made.to(CARD)
        yield made


def up_to_proposals(model):
    with NeverWaits():
        pictures = [
            as_input(Picture(torch.zeros(3, *side, dtype=torch.uint8), 100, 80), CARD)
            for side in ((48, 64), (64, 40))
        ]
    batch, _ = model.transform(pictures)
    maps = model.backbone(batch.tensors)
    network = getattr(model.rpn, "network", model.rpn)
    levels = list(maps.values())[-len(network.anchor_generator.sizes) :]
    objectness, boxes = network.head(levels)
    return network.anchor_generator(batch, levels), objectness, boxes


def test_pictures_maps_and_proposals_stay_on_the_card(model):
    anchors, objectness, boxes = up_to_proposals(model)
    assert len(anchors) == 2 and all(one.device == CARD for one in (*anchors, *objectness, *boxes))
    assert sum(level[0].numel() for level in objectness) == len(anchors[0])


def test_a_planted_fault_is_caught(model):
    stem = next(part for part in model.backbone.modules() if isinstance(part, torch.nn.Conv2d))
    stem.weight = torch.nn.Parameter(stem.weight.detach().cpu())
    with pytest.raises(RuntimeError, match="device"):
        up_to_proposals(model)
