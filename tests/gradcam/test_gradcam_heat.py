"""Grad-CAM against its closed form on linear models; the grid; the choice of relations."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from relclip.core.annotations import Annotations
from relclip.core.errors import InputError
from relclip.core.vocabulary import Vocabulary
from relclip.gradcam.heat import batch_from, grad_cam, largest_one, relation_heat, spread
from relclip.gradcam.stage import choose, repetitions
from relclip.model import ImageSet, ModelConfig, Output, Regions, RelCLIP, collate

ROI = 2
#: Two objects whose union box is the cells [2, 6) x [4, 8) (rows x columns) of an 8 x 8 map; a third far away.
BOXES = np.array([[40, 20, 60, 60], [50, 20, 80, 40], [0, 60, 60, 80]], np.float32)


def image_set(map_):
    """One picture of 80 x 80 pixels whose map, (8, 8, C), is given."""
    return ImageSet.from_arrays(
        image_ids=np.array([7]),
        sizes=np.array([[80, 80]], np.float32),
        maps=map_[None].astype(np.float16),
        map_rows=np.array([0]),
        object_counts=np.array([len(BOXES)]),
        object_ids=np.arange(len(BOXES), dtype=np.int32),
        class_ids=np.array([1, 2, 1]),
        boxes=BOXES,
    )


class Linear(nn.Module):
    """The logit of each predicate is linear in what was pooled from the pair's union box."""

    def __init__(self, weights):
        super().__init__()
        self.config = SimpleNamespace(roi_size=ROI)
        self.weights = weights  # (S, R + 1)

    def forward(self, batch, labels):
        assert labels == "given"
        logits = batch.union_regions.index_select(0, batch.pair_union) @ self.weights
        return Output(torch.zeros(0, 0), logits, torch.zeros(0, 0), torch.zeros(0, 0))


def test_grad_cam_of_a_linear_model_is_its_closed_form():
    random = np.random.default_rng(0)
    states, weights = (torch.from_numpy(random.normal(size=(3, 4, 5))) for _ in range(2))
    leaf = states.clone().requires_grad_()
    (gradient,) = torch.autograd.grad((leaf * weights).sum(), leaf)
    heat = grad_cam(states, gradient)
    for row in range(3):
        for column in range(4):
            mean = [float(weights[:, :, channel].sum()) / 12 for channel in range(5)]
            seen = sum(a * float(state) for a, state in zip(mean, states[row, column], strict=True))
            assert float(heat[row, column]) == pytest.approx(max(seen, 0))


def test_heat_of_a_pair_is_the_closed_form_inside_its_union_box_and_nothing_outside():
    random = np.random.default_rng(1)
    map_ = random.normal(size=(8, 8, 3)).astype(np.float16).astype(np.float32)
    weights = torch.from_numpy(random.normal(size=(ROI * ROI * 3, 4)).astype(np.float32))
    heat = relation_heat(Linear(weights), image_set(map_), 0, 0, 2)
    of_channel = weights[:, 2].reshape(ROI * ROI, 3).sum(0) / 64  # what RoIAlign shares out sums to one a bin
    expected = torch.zeros(8, 8)
    expected[2:6, 4:8] = torch.from_numpy(map_[2:6, 4:8]) @ of_channel
    assert (expected > 0).any() and (expected < 0).any()
    assert torch.allclose(heat, expected.relu(), atol=1e-6)


def test_heat_is_higher_where_the_features_decide_the_logit():
    random = np.random.default_rng(2)
    map_ = random.uniform(0, 0.1, (8, 8, 3))
    map_[3:5, 5:7, 1] = 4.0
    weights = torch.zeros(ROI * ROI * 3, 3)
    weights[1::3, 1] = 1.0
    heat = largest_one(relation_heat(Linear(weights), image_set(map_), 0, 0, 1))
    deciding = np.zeros((8, 8), bool)
    deciding[3:5, 5:7] = True
    assert heat[deciding].min() > 10 * heat[~deciding].max()
    against = relation_heat(Linear(-weights), image_set(map_), 0, 0, 1)
    assert not largest_one(against).any()


@pytest.mark.parametrize("use_labels", ["none", "text"])
def test_the_differentiable_batch_gives_the_predictions_of_collate(use_labels):
    torch.manual_seed(0)
    sizes = {"object_classes": 2, "predicates": 3, "channels": 4, "text_dimension": 5}
    network = RelCLIP(
        ModelConfig(**sizes, dimension=8, heads=2, roi_size=ROI, dropout=0.5, use_labels=use_labels)
    )
    network.eval().requires_grad_(False)
    images = image_set(np.random.default_rng(3).normal(size=(8, 8, 4)))
    map_ = torch.from_numpy(images.maps[0].astype(np.float32)).requires_grad_()
    found = network(batch_from(map_, network, images, 0)).predicate_logits
    expected = network(collate(Regions(images, ROI, torch.device("cpu")), [0])).predicate_logits
    assert torch.allclose(found, expected, atol=2e-3)
    (gradient,) = torch.autograd.grad(found[0, 1], map_)
    assert gradient[2:6, 4:8].any()


@pytest.mark.parametrize("box", [[0, 0, 6, 4], [1.3, 0.4, 4.1, 3.9], [2.2, 1.1, 2.7, 1.9], [-1, 2, 3, 5]])
def test_spread_is_the_mean_of_many_samples_in_each_cell(box):
    heat = torch.tensor([[1.0, 0.0, 2.0], [4.0, 3.0, 0.5]])
    found = spread(heat, torch.tensor(box), (4, 6)).numpy()
    places = (np.arange(200) + 0.5) / 200
    expected = np.zeros((4, 6))
    for row, column in np.ndindex(4, 6):
        y = ((row + places - box[1]) / (box[3] - box[1]) * 2)[:, None].repeat(200, 1)
        x = ((column + places - box[0]) / (box[2] - box[0]) * 3)[None].repeat(200, 0)
        inside = (y >= 0) & (y < 2) & (x >= 0) & (x < 3)
        expected[row, column] = heat.numpy()[y[inside].astype(int), x[inside].astype(int)].sum() / 200**2
    assert np.allclose(found, expected, atol=0.03)


def annotations(pairs, predicates, splits=("test",)):
    """One picture a relation, of 100 x 100 pixels."""
    count = len(pairs)
    rows = np.arange(count)
    return Annotations(
        vocabulary=Vocabulary(("man", "dog"), ("riding", "eating", "using")),
        image_id=rows,
        file=("a.jpg",) * count,
        split=np.resize(np.array(splits), count),
        first=2 * np.arange(count + 1),
        object_id=np.arange(2 * count),
        class_id=np.ones(2 * count, np.int64),
        boxes=np.array(pairs, np.float32).reshape(-1, 4),
        subject=2 * rows,
        predicate=np.array(predicates),
        object=2 * rows + 1,
        relation_image=rows,
    )


LARGE, TINY = ([10, 10, 60, 60], [30, 30, 80, 80]), ([1, 1, 6, 6], [3, 3, 8, 8])
UNEVEN, APART = ([0, 0, 100, 100], [1, 1, 9, 9]), ([0, 0, 20, 20], [50, 50, 90, 90])


def test_the_choice_takes_the_large_first_and_predicates_in_turn():
    known = annotations([TINY, *[LARGE] * 6, UNEVEN, APART], [3, 1, 1, 1, 1, 2, 2, 3, 3])
    sizes = np.full((9, 2), 100)
    for seed in range(5):
        chosen = choose(known, sizes, 9, seed)
        assert known.predicate[chosen[:2]].tolist() in ([1, 2], [2, 1])
        assert known.predicate[chosen[2:4]].tolist() in ([1, 2], [2, 1])
        assert sorted(chosen[:6]) == [1, 2, 3, 4, 5, 6] and sorted(chosen[6:]) == [0, 7]
        assert np.array_equal(chosen[:3], choose(known, sizes, 3, seed))
    assert len({tuple(choose(known, sizes, 9, seed)) for seed in range(5)}) > 1


def test_only_test_relations_whose_boxes_overlap_are_chosen():
    known = annotations([LARGE] * 4, [1, 2, 3, 1], splits=("train", "test", "val", "test"))
    assert sorted(choose(known, np.full((4, 2), 100), 6, 0)) == [1, 3]
    with pytest.raises(InputError, match="no test annotation has overlapping boxes"):
        choose(annotations([APART], [1]), np.full((1, 2), 100), 6, 0)


def test_repetitions_count_what_came_before():
    values = np.random.default_rng(0).integers(0, 4, 30)
    assert repetitions(values).tolist() == [(values[:n] == value).sum() for n, value in enumerate(values)]
    assert repetitions(np.zeros(0, np.int64)).tolist() == []
