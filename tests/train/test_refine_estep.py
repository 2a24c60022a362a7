"""VisualDS's E-step against numbers worked by hand, and against plain loops."""

import math

import numpy as np
import pytest

from relclip.train.labels import Labels
from relclip.train.refine.visualds import merged, only, opinion, surest


def labels_of(rows, *pairs):
    """Labels whose labelled pairs have these {predicate: weight}; `rows` (P,) as in Labels."""
    predicates = [predicate for pair in pairs for predicate in pair]
    weights = [weight for pair in pairs for weight in pair.values()]
    start = np.cumsum([0, *map(len, pairs)])
    return Labels(
        np.array(rows, np.int32), start, np.array(predicates, np.int64), np.array(weights, np.float32)
    )


def test_opinion_by_hand():
    """Odds 2 : 1 : - : 3 of background and predicates 1 to 3, candidates 1 and 3; then 9 : - : 1 : -."""
    labels = labels_of([0, -1, 1], {1: 0.5, 3: 0.5}, {2: 1.0})
    logits = np.log(np.array([[2, 1, 99, 3], [9, 99, 1, 99]], np.float32))
    said = opinion(logits, labels)
    np.testing.assert_allclose(said.shares, [1 / 4, 3 / 4, 1.0], rtol=1e-6)
    np.testing.assert_allclose(said.background, [2 / 6, 9 / 10], rtol=1e-6)


@pytest.mark.parametrize("sizes", [[], [1], [3, 1, 1, 4, 2]])
def test_opinion_equals_a_loop(sizes):
    random = np.random.default_rng(0)
    pairs = [
        dict.fromkeys(sorted(random.choice(np.arange(1, 6), size, replace=False)), 1.0) for size in sizes
    ]
    labels = labels_of(range(len(pairs)), *pairs)
    logits = random.normal(0, 5, (len(pairs), 6)).astype(np.float32)
    said = opinion(logits, labels)
    shares, background = [], []
    for row, pair in zip(logits.astype(float), pairs, strict=True):
        raised = {predicate: math.exp(row[predicate]) for predicate in pair}
        shares += [value / sum(raised.values()) for value in raised.values()]
        background.append(math.exp(row[0]) / (math.exp(row[0]) + sum(raised.values())))
    np.testing.assert_allclose(said.shares, shares, rtol=1e-5)
    np.testing.assert_allclose(said.background, background, rtol=1e-5)


def test_cut_is_global_and_keeps_the_lowest():
    background = np.array([0.9, 0.1, 0.8, 0.7, 0.2, 0.95, 0.6, 0.5], np.float32)
    assert np.flatnonzero(surest(background, 0.25)).tolist() == [1, 4]
    assert np.flatnonzero(surest(np.full(8, 0.3, np.float32), 0.25)).tolist() == [0, 1]  # ties: the earlier
    assert surest(background, 1.0).all()
    assert surest(background, 1e-9).sum() == 1
    assert surest(background[:0], 0.25).shape == (0,)


def test_merge_by_hand():
    model, clip = np.array([0.25, 0.75, 1.0], np.float32), np.array([0.5, 0.5, 1.0], np.float32)
    np.testing.assert_allclose(merged(model, clip, 0.9), [0.275, 0.725, 1.0], rtol=1e-6)
    np.testing.assert_allclose(merged(model, None, 0.9), model)
    assert (merged(np.array([0.0, 1.0], np.float32), None, 0.9) > 0).all()  # 0 would be no candidate


def test_pairs_that_are_cut_are_background():
    labels = labels_of([-1, 0, 1, -1, 2], {1: 0.5, 3: 0.5}, {2: 1.0}, {1: 0.2, 4: 0.8})
    left = only(labels, np.array([True, False, True]), np.array([0.1, 0.9, 1.0, 0.4, 0.6], np.float32))
    assert left.row.tolist() == [-1, 0, -1, -1, 1]
    assert left.start.tolist() == [0, 2, 4]
    assert left.predicates.tolist() == [1, 3, 1, 4]
    assert left.weights.tolist() == pytest.approx([0.1, 0.9, 0.4, 0.6])
    nothing = labels_of([-1, -1])
    assert only(nothing, np.zeros(0, bool), nothing.weights).row.tolist() == [-1, -1]
