"""RelCLIP eq. 2 to 6 against slow, plain loops."""

import doctest
import math

import pytest
import torch

import relclip.train
from relclip.core.errors import InputError
from relclip.core.params.train import Rcl
from relclip.model.contrast import LOWEST_TEMPERATURE
from relclip.train import LEVELS, RelationalContrast, Triplets, info_nce, relation_embedding


def random(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def slow_cosine(a, b):
    return sum(x * y for x, y in zip(a, b, strict=True)) / math.sqrt(
        sum(x * x for x in a) * sum(y * y for y in b)
    )


def slow_info_nce(visual, text, weights, temperature, gamma, *, memory=None):
    """Eq. 4 and 5, word by word: the positive with weight 1, negatives w exp(.), the mean over N queries.

    weights[k][n] belongs to the pair of visual k and text n. memory[k]: (visual, text, weight) of each past instance,
    a negative in both denominators of query k.
    """
    visual, text, weights = visual.tolist(), text.tolist(), weights.tolist()
    total = 0.0
    for k in range(len(visual)):
        positive = math.exp(slow_cosine(visual[k], text[k]) / temperature)
        to_text = to_visual = positive
        for n in range(len(visual)):
            if n != k:
                to_text += weights[k][n] * math.exp(slow_cosine(visual[k], text[n]) / temperature)
                to_visual += weights[n][k] * math.exp(slow_cosine(text[k], visual[n]) / temperature)
        for kept_visual, kept_text, weight in memory[k] if memory else []:
            to_text += weight * math.exp(slow_cosine(visual[k], kept_text) / temperature)
            to_visual += weight * math.exp(slow_cosine(text[k], kept_visual) / temperature)
        total += gamma * -math.log(positive / to_text) + (1 - gamma) * -math.log(positive / to_visual)
    return total / len(visual)


@pytest.mark.parametrize("count", [1, 2, 7])
@pytest.mark.parametrize("gamma", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("temperature", [0.01, 0.07, 1.0, torch.tensor(0.07)])
def test_info_nce(count, gamma, temperature):
    visual, text = random(count, 5), random(count, 5, seed=1)
    weights = random(count, count, seed=2).clamp(min=0)  # about half are out, rows and columns differ
    there = slow_info_nce(visual, text, weights, float(temperature), gamma)
    assert info_nce(visual, text, weights, temperature, gamma).item() == pytest.approx(
        there, rel=1e-4, abs=1e-6
    )


def test_info_nce_of_nothing_and_of_a_lonely_query():
    nothing = torch.zeros(0, 5, requires_grad=True)
    loss = info_nce(nothing, nothing, torch.zeros(0, 0), 0.07, 0.5)
    loss.backward()
    assert loss.item() == 0 and nothing.grad is not None
    alone = random(3, 5).requires_grad_()
    loss = info_nce(alone, random(3, 5, seed=1), torch.zeros(3, 3), 0.07, 0.5)  # no negative at all
    loss.backward()
    assert loss.item() == pytest.approx(0, abs=1e-5)
    assert torch.isfinite(alone.grad).all()


def test_a_negative_out_of_the_dictionary_gets_no_gradient():
    visual, text = random(3, 4).requires_grad_(), random(3, 4, seed=1)
    weights = torch.ones(3, 3)
    weights[:, 2] = weights[2, :] = 0
    info_nce(visual, text, weights, 0.5, 1.0).backward()
    assert visual.grad[2].abs().max() < 1e-6 < visual.grad[0].abs().max()


def by_level(relation, subject, object_, level):
    return {
        "subject_predicate": relation - object_,
        "predicate_object": relation - subject,
        "triple": relation,
        "unary": relation - subject - object_,
    }[level]


@pytest.mark.parametrize("name", ["dual", "triple", "unary"])
def test_relational_contrast(name):
    """Eq. 2, 3 and 6: normalise, then W; the sum of the levels."""
    contrast = RelationalContrast(name, 6, gamma=0.3, temperature=0.5).double()
    visual, text = (Triplets(*random(3, 4, 6, seed=seed)) for seed in (1, 2))
    weights = {level: random(4, 4, seed=3 + number).abs() for number, level in enumerate(LEVELS[name])}
    total = 0.0
    for number, level in enumerate(LEVELS[name]):
        with torch.no_grad():
            contrast.visual[level].weight += random(6, 6, seed=10 + number)
            contrast.text[level].weight += random(6, 6, seed=20 + number)
        sides = []
        for triplets, layers in ((visual, contrast.visual), (text, contrast.text)):
            rows = []
            for n in range(4):
                difference = by_level(triplets.relation[n], triplets.subject[n], triplets.object[n], level)
                rows.append(layers[level].weight @ (difference / difference.square().sum().sqrt()))
            sides.append(torch.stack(rows).detach())
            torch.testing.assert_close(
                relation_embedding(triplets, level) @ layers[level].weight.T, torch.stack(rows)
            )
        total += slow_info_nce(*sides, weights[level], 0.5, 0.3)
    assert contrast(visual, text, weights).item() == pytest.approx(total, rel=1e-4)


def test_level_none_is_nothing():
    contrast = RelationalContrast("none", 6)
    triplets = Triplets(*random(3, 4, 6))
    assert contrast(triplets, triplets, {}) == 0
    assert [weight for weight in contrast.parameters() if weight.requires_grad] == []


def test_temperature_learns_only_where_asked():
    triplets, weights = Triplets(*random(3, 4, 6).float()), {"triple": torch.ones(4, 4)}
    for learns in (False, True):
        contrast = RelationalContrast("triple", 6, temperature=0.2, learn_temperature=learns)
        contrast(triplets, triplets, weights).backward()
        assert contrast.temperature.item() == pytest.approx(0.2)
        assert (contrast.log_temperature.grad is not None) == learns
    torch.nn.init.constant_(contrast.log_temperature, -100.0)
    assert contrast.temperature.item() == pytest.approx(LOWEST_TEMPERATURE)
    plain = RelationalContrast("triple", 6)
    assert (plain.gamma, plain.used_temperature) == (Rcl().gamma, Rcl().temperature)


def test_doctest():
    assert doctest.testmod(relclip.train).failed == 0


def test_an_unknown_level_is_refused():
    with pytest.raises(
        InputError, match="level of the contrast is 'duel'; allowed: dual, triple, unary, none"
    ):
        RelationalContrast("duel", 4)
