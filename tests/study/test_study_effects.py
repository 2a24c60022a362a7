"""The study's statistics against what they abbreviate: draws of both levels, all of them, and a mixed model."""

from itertools import product

import numpy as np
import pytest
from scipy.stats import ttest_1samp, ttest_ind

from relclip.core.bootstrap import bootstrap_weights
from relclip.core.metrics import MEASURES
from relclip.core.parquet import table_of
from relclip.evaluate.hits import HITS
from relclip.study.effects import (
    effect,
    holm,
    mixed_model,
    paired_effects,
    picture_differences,
    student,
)

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


def numbers(one):
    """All of an effect but what would have been seen."""
    return [one.difference, one.error, one.low, one.high, one.p, *one.seeds]


def t_test(found, seeds):
    """A library's, as `numbers`."""
    interval = found.confidence_interval()
    return [np.mean(seeds), np.mean(seeds) / found.statistic, *interval, found.pvalue, *seeds]


def test_an_effect_with_one_kind_of_chance_or_two_is_student_s_or_welch_s():
    random = np.random.default_rng(6)
    seeds, pictures = random.normal(0.5, 1, 2), random.normal(0.1, 2, 9)
    error = pictures.std(ddof=1) / 3
    around = np.array([-error, error])  # draws of as many pictures
    alone = effect(pictures.mean(keepdims=True), pictures.mean() + around[None], 9)
    assert numbers(alone) == pytest.approx(t_test(ttest_1samp(pictures, 0), [pictures.mean()]))
    for one in (
        effect(seeds, np.repeat(seeds[:, None], 2, 1), 9),
        mixed_model(np.repeat(seeds[:, None], 9, 1)),
    ):
        assert numbers(one) == pytest.approx(t_test(ttest_1samp(seeds, 0), seeds))
    by_picture = mixed_model(np.repeat(pictures[None], 4, 0))
    assert numbers(by_picture) == pytest.approx(t_test(ttest_1samp(pictures, 0), [pictures.mean()] * 4))
    both = seeds - pictures.mean()
    welch = ttest_ind(seeds, pictures, equal_var=False)
    assert numbers(effect(both, both[:, None] + around, 9)) == pytest.approx(t_test(welch, both))


def test_what_would_have_been_seen_by_the_printed_table_of_student_s_t():
    """At 4 degrees of freedom: 2.776 of the interval, 0.941 of a power of 80 %."""
    assert student((1.0, 3.0), 0.5, 4).detectable == pytest.approx(0.5 * (2.776445 + 0.940965), rel=1e-6)
    assert [student((mean,), 0.0, 4).p for mean in (0.0, 0.2)] == [1, 0]  # nothing left to chance


def test_means_of_squares_below_that_of_the_rest_count_as_none():
    """What seed and picture share is all there is: the error is that of four numbers of variance 4, by pictures."""
    one = mixed_model(np.array([[2.0, 0.0], [0.0, 2.0]]) + 3)
    assert (one.difference, one.error) == pytest.approx((4.0, 1.0))
    assert one.high - one.difference == pytest.approx(12.7062047)  # Student's t at one degree of freedom


def test_paired_effects_are_made_of_each_picture_s_recall():
    """Two seeds, 30 pictures of one to three truths each, in any order."""
    random = np.random.default_rng(7)
    images = np.repeat(np.arange(30), np.tile([1, 2, 3], 10))
    places = random.integers(-1, 120, (2, 2, 2, len(images)))  # side, seed, list
    order = random.permutation(len(images))

    def table(listed):
        ones = np.ones(len(images), int)
        columns = [images, ones, ones * 2, np.arange(len(images)), *listed, ones == 0]
        return table_of([column[order] for column in columns], HITS)

    sides = [[table(listed) for listed in side] for side in places]
    names = {"recall_at_50": (0, 50), "ng_recall_at_20": (1, 20)}
    found = paired_effects(*sides, names, predicates=2, bootstrap=50, seed=3)
    weights = np.concatenate(list(bootstrap_weights(30, 50, 3)))
    for name, (listed, cutoff) in names.items():
        place = places[:, :, listed]
        hit = (place >= 0) & (place < cutoff)
        recall = np.stack([hit[..., images == image].mean(-1) for image in range(30)], axis=-1)
        difference = recall[0] - recall[1]
        assert picture_differences(*sides, MEASURES[name]) == pytest.approx(difference)
        wanted = effect(difference.mean(1), difference @ weights.T / 30, 30)
        assert numbers(found[name]) == pytest.approx(numbers(wanted))
