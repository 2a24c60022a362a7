"""The three tasks predicted on a CUDA card that is not there (tests/fake_card.py)."""

from contextlib import ExitStack

import numpy as np
import pytest
import torch
from fake_card import answered, fake_card
from run_case import request
from sgdet_case import CLASS_IOU, write_proposals
from untrained import untrained

from relclip.core.annotations import load_proposals
from relclip.model import ImageSet, load_model
from relclip.predict import sgdet_stage, stage
from relclip.predict.predictor import Predictor, pair_sets
from relclip.predict.request import Inputs

CASES = [({}, {}), ({"motif": True}, {}), ({"use_labels": "text"}, {"pairs": "all"}), ({}, {"kb_mask": True})]
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture
def inputs(tested, tmp_path):
    return Inputs(tmp_path / "model", tested / "dataset", tested / "features", tested / "kb")


@pytest.fixture
def images(inputs):
    return ImageSet.load(inputs.dataset, inputs.features, "test")


@pytest.fixture
def boxes(tested, inputs, images):
    return load_proposals(write_proposals(tested)[0], inputs.dataset, images.image_ids, 5)


@pytest.fixture
def put_on_card(inputs, monkeypatch):
    """(network, params) -> predictor on the card; from then on tensors are fake."""
    with ExitStack() as there:

        def put(network, params):
            known = load_model(untrained(inputs.model, **network))
            card = there.enter_context(fake_card(monkeypatch))
            mask = torch.ones(6, 6, 4, dtype=torch.bool).to(card) if params.get("kb_mask") else None
            return Predictor(known.to(card), request(**params), mask, card)

        yield put


@pytest.fixture
def waits(monkeypatch):
    return answered(monkeypatch)


@pytest.mark.parametrize("case", CASES)
def test_predcls_and_sgcls(put_on_card, inputs, images, waits, case):
    predictor = put_on_card(*case)
    sets = pair_sets(images, predictor.request.params.pairs)
    regions = [predictor.regions(some, inputs) for some in sets]
    found = list(stage.predictions(predictor, regions, range(4)))
    assert [task for task, _ in found] == ["predcls"] * 4 + ["sgcls"] * 4
    assert all(isinstance(one.scores, np.ndarray) and one.scores.shape[1] == 4 for _, one in found)
    assert waits == ["cuda"] * 3 * len(sets)  # is all finite? objects' logits, each task's predicates'


@pytest.mark.parametrize("case", CASES)
@pytest.mark.usefixtures("waits")
def test_sgdet(put_on_card, inputs, images, boxes, case):
    predictor = put_on_card(*case)
    some = sgdet_stage.proposed(images, boxes, 0, 4)
    found = list(sgdet_stage.predictions(predictor, some, boxes.score[: len(some.boxes)], inputs, CLASS_IOU))
    assert len(found) == 4 and all(one.scores.shape[1] == 4 for one in found)


@pytest.mark.parametrize("fault", ["left on the CPU", "an array of what is on the card"])
@pytest.mark.usefixtures("waits")
def test_planted_faults_are_caught(put_on_card, inputs, images, monkeypatch, fault):
    predictor = put_on_card({}, {"kb_mask": True})
    regions = [predictor.regions(images, inputs)]
    if fault == "left on the CPU":
        predictor.candidates = predictor.candidates.cpu()
    else:
        monkeypatch.setattr(torch.Tensor, "cpu", lambda tensor: tensor)
    with pytest.raises((RuntimeError, TypeError), match=r"device"):
        list(stage.predictions(predictor, regions, range(3)))
