"""BA-SGG's confusion matrix and balanced choice by hand."""

import numpy as np
import pytest
import torch

from relclip.compute.schedule import batch_numbers
from relclip.core.params.train import Train
from relclip.core.vocabulary import load_vocabulary
from relclip.model import ImageSet
from relclip.train.labels import LEFT_OUT, Labels
from relclip.train.language import load_prompts
from relclip.train.minibatch import draw
from relclip.train.refine.ba_sgg import adjustment, balanced, chosen_instances, confusion
from relclip.train.setup import Material, make_trainer

CPU = torch.device("cpu")
#: Pairs with {1: .5, 2: .5}, {2: 1}, {1: 1} among five; the first and the last are not labelled.
LABELS = Labels(
    np.array([-1, 0, 1, 2, -1], np.int32),
    np.array([0, 2, 3, 4]),
    np.array([1, 2, 2, 1]),
    np.array([0.5, 0.5, 1.0, 1.0], np.float32),
)


def many(counts, seed=0):
    """One pair an instance, `counts[p - 1]` of predicate p, shuffled."""
    predicates = np.repeat(np.arange(1, len(counts) + 1), counts)
    np.random.default_rng(seed).shuffle(predicates)
    total = len(predicates)
    ones = np.ones(total, np.float32)
    return Labels(np.arange(total, dtype=np.int32), np.arange(total + 1), predicates, ones)


def test_confusion_by_hand():
    """Background is highest everywhere and never counted; the pairs are taken for 2, 2 and 1; nobody is a 3."""
    logits = np.array([[9, 1, 5, 0], [9, 1, 5, 0], [9, 4, 3, 0]], np.float32)
    matrix = confusion(logits, LABELS)
    assert matrix.tolist() == [[1, 0, 0, 0], [0, 1, 0.5, 0], [0, 0, 1.5, 0], [0, 0, 0, 0]]
    expected = [[1, 0, 0, 0], [0, 5 / 6, 1 / 6, 0], [0, 0, 1, 0], [0, 0, 0, 1]]
    np.testing.assert_allclose(adjustment(matrix), expected, rtol=1e-6)


def test_no_pair_leaves_logits_alone():
    nothing = Labels(
        np.full(3, -1, np.int32), np.zeros(1, np.int64), np.zeros(0, np.int64), np.zeros(0, np.float32)
    )
    np.testing.assert_array_equal(adjustment(confusion(np.zeros((0, 4), np.float32), nothing)), np.eye(4))


def test_balanced_choice_counts():
    labels = many([50, 7, 30, 12, 30])
    kept = chosen_instances(labels, 5, at_most=10, frequent=3, seed=0)
    assert np.bincount(labels.predicates[kept], minlength=6)[1:].tolist() == [10, 7, 10, 12, 10]
    np.testing.assert_array_equal(kept, chosen_instances(labels, 5, at_most=10, frequent=3, seed=0))
    assert (kept != chosen_instances(labels, 5, at_most=10, frequent=3, seed=1)).any()
    # of equals the lower id is the more frequent
    two = chosen_instances(labels, 5, at_most=10, frequent=2, seed=0)
    assert np.bincount(labels.predicates[two], minlength=6)[1:].tolist() == [10, 7, 10, 12, 30]
    assert chosen_instances(labels, 5, at_most=10, frequent=0, seed=0).all()


def test_a_pair_left_with_nothing_is_left_out():
    kept = np.array([True, False, False, True])
    few = balanced(LABELS, kept, LABELS.weights, shared=True)
    assert few.row.tolist() == [-1, 0, LEFT_OUT, 1, -1]
    assert few.predicates.tolist() == [1, 2, 1]
    assert few.weights.tolist() == pytest.approx([1.0, 0.0, 1.0])
    assert (few.weights > 0).all()  # still a candidate, which the loss must not push down
    apart = balanced(LABELS, kept, np.ones(4, np.float32), shared=False)
    assert apart.weights.tolist() == pytest.approx([1.0, 0.0, 1.0])


def test_what_is_left_out_is_no_background(tiny):
    """Every fourth pair labelled, every fourth left out: over many steps only the other half trains as background."""
    images = ImageSet.load(tiny / "dataset", tiny / "features", "train")
    total = len(images.pairs)
    row = np.full(total, -1, np.int32)
    row[::4], row[1::4] = np.arange(len(row[::4])), LEFT_OUT
    labelled = len(row[::4])
    labels = Labels(row, np.arange(labelled + 1), np.ones(labelled, np.int64), np.ones(labelled, np.float32))
    vocabulary = load_vocabulary(tiny / "dataset" / "vocabulary.json")
    prompts = load_prompts(tiny / "prompts", vocabulary, CPU)
    params = Train(model="motif", dimension=16, roi_size=1, images_per_batch=2, attention_over="all")
    trainer = make_trainer(params, Material(vocabulary, images, prompts, None, CPU), labels)
    for step in range(20):
        places = batch_numbers(0, step, len(trainer.training_set.numbers), 2)
        pairs = np.concatenate(
            [np.arange(total)[images.pairs_of(number)] for number in trainer.training_set.numbers[places]]
        )
        targets = trainer.share(draw(trainer.params, trainer.training_set, step), step).targets
        assert (row[pairs[targets.labelled.numpy()]] >= 0).all()
        assert (row[pairs[targets.background.numpy()]] == -1).all()
        assert len(targets.background) == len(targets.labelled)
