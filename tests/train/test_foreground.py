"""`foreground_per_image`: which labelled pairs a step sees, and that the others are no background."""

import numpy as np
import pytest
import torch

from relclip.core.params.train import Rcl, Train
from relclip.core.parquet import TRIPLETS, read_table
from relclip.core.vocabulary import load_vocabulary
from relclip.model import ImageSet
from relclip.train.labels import kb_labels
from relclip.train.language import load_prompts
from relclip.train.minibatch import choose_foreground, draw
from relclip.train.setup import Material, make_trainer

LABELLED = np.array([1, 1, 0, 1, 1, 0, 0, 1, 0, 1, 1], bool)
COUNTS = np.array([5, 0, 2, 4])


def test_at_most_so_many_of_an_image():
    draws = [choose_foreground(0, step, LABELLED, COUNTS, 2).tolist() for step in range(60)]
    assert draws[0] == choose_foreground(0, 0, LABELLED, COUNTS, 2).tolist()
    for drawn in draws:
        assert drawn == sorted(drawn)
        assert LABELLED[drawn].all()
        assert [sum(row < 5 for row in drawn), sum(row >= 7 for row in drawn)] == [2, 2]
    assert {row for drawn in draws for row in drawn} == set(np.flatnonzero(LABELLED).tolist())
    assert {tuple(drawn) for drawn in draws if choose_foreground(1, 0, LABELLED, COUNTS, 2).tolist() != drawn}


@pytest.mark.parametrize("at_most", [None, 4, 99])
def test_all_where_there_are_no_more(at_most):
    rows = choose_foreground(0, 0, LABELLED, COUNTS, at_most)
    assert rows.tolist() == np.flatnonzero(LABELLED).tolist()
    assert not len(choose_foreground(0, 0, np.zeros(3, bool), np.array([3]), at_most))


@pytest.mark.parametrize("attention_over", ["all", "sampled"])
def test_an_undrawn_labelled_pair_is_no_background(tiny, attention_over):
    cpu = torch.device("cpu")
    images = ImageSet.load(tiny / "dataset", tiny / "features", "train")
    vocabulary = load_vocabulary(tiny / "dataset" / "vocabulary.json")
    labels = kb_labels(images, read_table(tiny / "kb" / "triplets.parquet", TRIPLETS), 5, 4)
    params = Train(
        foreground_per_image=2,
        background_per_foreground=1.0,
        attention_over=attention_over,
        rcl=Rcl(level="none"),
        dimension=16,
    )
    prompts = load_prompts(tiny / "prompts", vocabulary, cpu)
    trainer = make_trainer(params, Material(vocabulary, images, prompts, None, cpu), labels)
    met = {tuple(pair) for pair in trainer.training_set.classes[labels.row >= 0].tolist()}
    for step in range(10):
        share = trainer.share(draw(trainer.params, trainer.training_set, step), step)
        batch, targets = share.batch, share.targets
        classes = torch.stack([batch.classes[batch.subjects], batch.classes[batch.objects]], dim=1)
        assert len(targets.labelled) <= 2 * 12
        assert len(targets.background) <= len(targets.labelled)
        assert all(tuple(pair) in met for pair in classes[targets.labelled].tolist())
        assert not any(tuple(pair) in met for pair in classes[targets.background].tolist())
        assert torch.equal(targets.pair_classes, classes[targets.labelled])
        if attention_over == "sampled":
            used = torch.cat([targets.labelled, targets.background]).sort().values
            assert torch.equal(used, torch.arange(len(batch.subjects)))
