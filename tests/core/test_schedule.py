"""What trainings share: learning rates against torch's own, what decays, how far a step goes."""

from types import SimpleNamespace

import pytest
import torch

from relclip.compute.schedule import descend, make_optimizer, warm_cosine, warm_steps


def test_after_the_warm_up_half_a_cosine_as_torchs():
    rates = [warm_cosine(0.5, step, 14, 4) for step in range(15)]
    assert rates[:4] == pytest.approx([0.125, 0.25, 0.375, 0.5])
    plain = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.5)
    falling = torch.optim.lr_scheduler.CosineAnnealingLR(plain, 10)
    for rate in rates[4:]:
        assert rate == pytest.approx(plain.param_groups[0]["lr"], abs=1e-9)
        plain.step()
        falling.step()
    assert warm_cosine(0.5, 0, 3, 0) == warm_cosine(0.5, 3, 3, 3) == 0.5


def test_after_the_warm_up_a_tenth_from_each_fall_on():
    rates = [warm_steps(1.0, step, [4, 6], 2) for step in range(8)]
    assert rates == pytest.approx([0.5, 1, 1, 1, 0.1, 0.1, 0.01, 0.01])


@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
def test_matrices_alone_decay_and_what_is_frozen_stays(optimizer):
    matrix, bias, frozen = (torch.nn.Parameter(torch.ones(shape)) for shape in ((2, 3), (3,), (2, 2)))
    frozen.requires_grad_(False)
    settings = SimpleNamespace(optimizer=optimizer, learning_rate=9.0, weight_decay=0.2, momentum=0.9)
    made = make_optimizer(settings, [matrix, bias, frozen])
    matrix.grad, bias.grad = torch.zeros(2, 3), torch.zeros(3)
    descend(made, 0.1)
    assert matrix.detach().numpy() == pytest.approx(1 - 0.1 * 0.2)
    assert bias.eq(1).all() and frozen.eq(1).all()


@pytest.mark.parametrize(("longest", "moved"), [(0.0, 5.0), (1.0, 1.0), (9.0, 5.0)])
def test_a_step_is_no_longer_than_said(longest, moved):
    weight = torch.nn.Parameter(torch.zeros(2))
    settings = SimpleNamespace(optimizer="sgd", learning_rate=9.0, weight_decay=0.0, momentum=0.0)
    made = make_optimizer(settings, [weight])
    weight.grad = torch.tensor([3.0, 4.0])
    descend(made, 0.1, longest)
    assert weight.detach().norm().item() == pytest.approx(0.1 * moved, rel=1e-4)
