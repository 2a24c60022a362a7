"""Motif's frequency bias by hand: shares of the labels of two classes, background, distant weights, never met."""

import numpy as np
import pytest

from relclip.model.motif import frequency_bias
from relclip.train.labels import Labels
from relclip.train.setup import label_counts


def test_by_hand():
    """(1, 2): 3 pairs of predicate 1, one half 1 half 2, two without label; (2, 2): one without; (2, 1): no pair."""
    classes = np.array([[1, 2]] * 6 + [[2, 2]])
    row = np.array([0, 1, 2, 3, -1, -1, -1], np.int32)
    start = np.array([0, 1, 2, 3, 5])
    predicates, weights = np.array([1, 1, 1, 1, 2]), np.array([1, 1, 1, 0.5, 0.5], np.float32)
    bias = frequency_bias(label_counts(classes, Labels(row, start, predicates, weights), 2, 3))
    assert bias.shape == (3, 3, 4)
    assert bias[1, 2] == pytest.approx(np.log([2 / 6 + 1e-3, 3.5 / 6 + 1e-3, 0.5 / 6 + 1e-3, 1e-3]))
    background = pytest.approx(np.log([1.001, 1e-3, 1e-3, 1e-3]))
    assert bias[2, 2] == background
    assert bias[2, 1] == background
    assert bias[0, 0] == background


def test_no_label_and_no_pair():
    for count in (3, 0):
        labels = Labels(
            np.full(count, -1, np.int32), np.zeros(1, np.int64), np.zeros(0, np.int64), np.zeros(0)
        )
        bias = frequency_bias(label_counts(np.ones((count, 2), np.int32), labels, 1, 1))
        assert bias[1, 1] == pytest.approx(np.log([1.001, 1e-3]))
