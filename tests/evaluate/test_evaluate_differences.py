"""Paired differences: signs, seeds, the same draws for both sides, and tables that do not belong together."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from relclip.core.bootstrap import bootstrap_weights
from relclip.core.errors import InputError
from relclip.core.metrics import MEASURES
from relclip.evaluate import HITS, paired_difference, paired_differences


def table(ranks, images=None, predicate=1):
    """One ground truth an image, or as many as `images` says."""
    count = len(ranks)
    columns = [
        images or list(range(count)),
        [0] * count,
        [predicate] * count,
        list(range(count)),
        ranks,
        ranks,
    ]
    return pa.table([*columns, [False] * count], schema=HITS)


def test_the_same_table_differs_by_nothing():
    hits = table([0, -1, 30, 99])
    same = paired_differences([hits], [hits], predicates=2)
    assert set(same) == {name for name, one in MEASURES.items() if one.metric.hits == "rank"}
    assert (same["recall_at_50"].difference, same["recall_at_50"].low, same["recall_at_50"].high) == (0, 0, 0)
    assert same["zero_shot_recall_at_50"].difference is None
    assert same["zero_shot_recall_at_50"].low is None


@pytest.mark.parametrize("seeds", [1, 2])
def test_difference_interval_and_p_follow_from_paired_draws(seeds):
    """The same draws of the images for both sides and all seeds, whose mean is what differs."""
    ranks = np.random.default_rng(0).integers(-1, 120, (2, seeds, 40))
    sides = [[table(one.tolist()) for one in side] for side in ranks]
    found = paired_difference(*sides, "recall_at_50", bootstrap=200, seed=3)
    hit = ((ranks >= 0) & (ranks < 50)).mean(axis=1)
    by_image = hit[0] - hit[1]
    assert found.difference == pytest.approx(by_image.mean())
    drawn = np.concatenate(list(bootstrap_weights(40, 200, seed=3))) @ by_image / 40
    assert [found.low, found.high] == pytest.approx(np.percentile(drawn, [2.5, 97.5]))
    against = drawn <= 1e-12 if found.difference > 0 else drawn >= -1e-12
    assert found.p == pytest.approx(2 * (against.sum() + 1) / 201)
    turned = paired_difference(*sides[::-1], "recall_at_50", bootstrap=200, seed=3)
    assert (turned.difference, turned.low) == pytest.approx((-found.difference, -found.high))


def test_draws_without_any_ground_truth_to_count_say_nothing():
    """Only the first of three pictures has an unseen triplet, found by one side alone."""
    unseen = [True, False, False]
    sides = [
        hits.set_column(6, "zero_shot", pa.array(unseen)) for hits in (table([0, 0, 0]), table([-1, 0, 0]))
    ]
    found = paired_difference(*([side] for side in sides), "zero_shot_recall_at_50", bootstrap=100)
    told = np.concatenate(list(bootstrap_weights(3, 100, seed=0)))[:, 0] > 0
    assert 0 < told.sum() < 100
    assert (found.difference, found.low, found.high) == (1, 1, 1)
    assert found.p == pytest.approx(2 / (told.sum() + 1))


def test_what_differs_by_rounding_alone_does_not_differ():
    """The same tables on both sides, in another order: (a - b) + (b - c) + ... + (e - a) is 1e-17 in many draws."""
    tables = [table(one.tolist()) for one in np.random.default_rng(1).integers(-1, 120, (5, 40))]
    found = paired_difference(tables, [*tables[1:], tables[0]], "recall_at_50")
    assert (found.low, found.high, found.p, found.holds) == (0, 0, 1, False)


def test_seeds_are_averaged_in_pairs():
    good, bad, middle = table([0, 0]), table([-1, -1]), table([0, -1])
    found = paired_difference([good, middle], [bad, good], "recall_at_20")
    assert found.seeds == [1.0, -0.5]
    assert (found.difference, found.better, found.worse) == (0.25, 0.75, 0.5)


@pytest.mark.parametrize(
    ("better", "worse", "sentence"),
    [
        ([table([0, 0])], [table([0, 0, 0])], "different images"),
        ([table([0])], [table([0], predicate=2)], "different images or ground truths"),
        ([table([0])], [], "one pair a seed|a pair a seed"),
        ([table([0], predicate=21)], [table([0], predicate=21)], "predicate 21"),
    ],
)
def test_tables_that_do_not_belong_together(better, worse, sentence):
    with pytest.raises(InputError, match=sentence):
        paired_differences(better, worse)


def test_unknown_metric_names_the_known():
    with pytest.raises(InputError, match="recall_at_50"):
        paired_difference([table([0])], [table([0])], "recall@50")


def test_order_of_rows_does_not_matter():
    hits = table([0, 60, -1, 5])
    turned = hits.take(pc.sort_indices(hits["object_id"], sort_keys=[("object_id", "descending")]))
    assert paired_difference([hits], [turned], "ng_recall_at_100").difference == 0


@pytest.mark.parametrize("predicate", [-1, 0, 3])
def test_a_predicate_that_is_none_is_named(predicate):
    hits = pa.table([[1], [0], [predicate], [1], [0], [0], [False]], schema=HITS)
    with pytest.raises(InputError, match=f"the hits name predicate {predicate},"):
        paired_differences([hits], [hits], predicates=2)
