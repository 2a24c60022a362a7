"""The study's statistics against what they abbreviate: draws of both levels, all of them, and a mixed model."""

from itertools import product

import numpy as np
import pytest

from relclip.study.effects import effect, holm, mixed_model, student

SEEDS, PICTURES = 3, 4
DIFFERENCES = np.random.default_rng(5).normal(0.3, 1.0, (SEEDS, PICTURES))


def test_the_error_is_that_of_all_draws_of_pictures_and_seeds():
    """Every draw of both levels, one after the other; that of the seeds stretched as few seeds need it."""
    means = []
    for pictures in product(range(PICTURES), repeat=PICTURES):
        centre = DIFFERENCES[:, pictures].mean()
        for seeds in product(range(SEEDS), repeat=SEEDS):
            drawn = DIFFERENCES[np.ix_(seeds, pictures)].mean()
            means.append(centre + (SEEDS / (SEEDS - 1)) ** 0.5 * (drawn - centre))
    samples = np.stack(
        [DIFFERENCES[:, drawn].mean(1) for drawn in product(range(PICTURES), repeat=PICTURES)], axis=1
    )
    found = effect(DIFFERENCES.mean(1), samples, PICTURES)
    assert found.error == pytest.approx(np.std(means))
    assert found.difference == pytest.approx(np.mean(means)) == pytest.approx(DIFFERENCES.mean())


@pytest.mark.parametrize(("by_seed", "by_picture"), [(0.0, 0.05), (0.02, 0.0), (0.02, 0.05), (0.0, 0.0)])
def test_intervals_of_the_study_s_size_hold_the_truth_as_often_as_they_say(by_seed, by_picture):
    """Five seeds, 200 pictures, 400 studies: bootstrap (here with as many draws as a test can wait for) and model."""
    random = np.random.default_rng(1)
    held = {"bootstrap": 0, "model": 0}
    for _ in range(400):
        found = random.normal(0, 0.3, (5, 200)) + random.normal(0, by_picture, 200)
        found += random.normal(0, by_seed, (5, 1))
        weights = random.multinomial(200, np.full(200, 1 / 200), 100)
        intervals = {
            "bootstrap": effect(found.mean(1), found @ weights.T / 200, 200),
            "model": mixed_model(found),
        }
        for name, one in intervals.items():
            held[name] += one.low <= 0 <= one.high
    assert held["bootstrap"] / 400 >= 0.93
    assert 0.91 <= held["model"] / 400 <= 0.985


def test_the_mixed_model_is_the_one_a_library_fits():
    pandas = pytest.importorskip("pandas")
    formula = pytest.importorskip("statsmodels.formula.api")
    random = np.random.default_rng(2)
    found = random.normal(0.2, 0.3, (5, 30)) + random.normal(0, 0.2, (5, 1)) + random.normal(0, 0.4, 30)
    seed, picture = np.indices(found.shape)
    frame = pandas.DataFrame({"y": found.ravel(), "seed": seed.ravel(), "picture": picture.ravel(), "all": 1})
    parts = {"seed": "0 + C(seed)", "picture": "0 + C(picture)"}
    fit = formula.mixedlm("y ~ 1", frame, groups="all", vc_formula=parts).fit(reml=True)
    one = mixed_model(found)
    assert one.difference == pytest.approx(fit.params["Intercept"])
    assert one.error == pytest.approx(fit.bse["Intercept"], rel=1e-3)


def test_a_difference_of_the_detectable_size_is_found_in_four_of_five_studies():
    random = np.random.default_rng(3)
    size = student((0.0,), 1.0, 4).detectable
    draws = size + random.normal(size=20_000)
    errors = (random.chisquare(4, 20_000) / 4) ** 0.5
    found = [
        student((draw,), error, 4).p < 0.05 for draw, error in zip(draws[:2000], errors[:2000], strict=True)
    ]
    assert np.mean(found) == pytest.approx(0.8, abs=0.05)


def test_holm_rejects_what_its_steps_reject():
    """Against the procedure as it is written: the smallest p against alpha / m, the next against alpha / (m - 1)."""
    values = np.random.default_rng(4).uniform(0, 0.1, 8).tolist()
    for alpha in np.linspace(0.001, 0.4, 50):
        rejected = set()
        for place, value in enumerate(sorted(values)):
            if value > alpha / (len(values) - place):
                break
            rejected.add(value)
        assert {v for v, p in zip(values, holm(values), strict=True) if p <= alpha} == rejected
