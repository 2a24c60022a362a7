"""Every kind of training on a CUDA card that is not there, its validation and its E-step (tests/fake_card.py)."""

import numpy as np
import pytest
import torch
from fake_card import CARD, NeverWaits, fake_card

from relclip.core.params.train import Train
from relclip.core.parquet import EXT_SCORES, RELATIONS, TRIPLETS, read_table
from relclip.core.vocabulary import load_vocabulary
from relclip.model import ImageSet, predicate_scores
from relclip.train import targets
from relclip.train.fit import ahead
from relclip.train.labels import full_labels, kb_ext_labels, kb_labels
from relclip.train.language import Phrases, Prompts, load_phrases, load_prompts
from relclip.train.minibatch import draw
from relclip.train.refine.ba_sgg import head_alone
from relclip.train.setup import Material, make_trainer
from relclip.train.validate import predicate_logits

SMALL = {"images_per_batch": 4, "dimension": 16, "heads": 2, "roi_size": 2}
MOTIF = {"model": "motif", "rcl": {"level": "none"}}
KINDS = {
    "full": {},
    "kb": {"supervision": "kb", "foreground_per_image": 3},
    "kb+ext": {"supervision": "kb+ext", "use_labels": "text", "object_features": True},
    "triple": {"rcl": {"level": "triple", "learn_temperature": True}, "attention_over": "all"},
    "unary": {"rcl": {"level": "unary"}, "sampling": {"weight": "shifted", "delete_synonyms": False}},
    "no sampling": {"sampling": {"enabled": False}},
    "memory": {"rcl": {"memory": 20}, "warmup": 0},
    "no RCL": {"rcl": {"level": "none"}},
    "motif": MOTIF,
    "motif by the KB": {**MOTIF, "supervision": "kb", "loss": "bce"},
    "visualds": {**MOTIF, "supervision": "kb+ext", "loss": "bce"},
    "bfloat16": {"precision": "bfloat16"},
    "motif in bfloat16": {**MOTIF, "precision": "bfloat16"},
}


@pytest.fixture
def card(monkeypatch):
    with fake_card(monkeypatch) as there:
        yield there


@pytest.fixture(scope="module")
def language(tiny):
    """Prompts and phrases, read before tensors are fake."""
    vocabulary, cpu = load_vocabulary(tiny / "dataset" / "vocabulary.json"), torch.device("cpu")
    return load_prompts(tiny / "prompts", vocabulary, cpu), load_phrases(tiny / "words", vocabulary, cpu)


@pytest.fixture
def make(tiny, language, card):
    def build(**changes):
        params = Train(**{**SMALL, "precision": "float32", **changes})
        vocabulary = load_vocabulary(tiny / "dataset" / "vocabulary.json")
        images = ImageSet.load(tiny / "dataset", tiny / "features", "train")
        if params.supervision == "full":
            labels, _ = full_labels(images, read_table(tiny / "dataset" / "relations.parquet", RELATIONS))
        else:
            labels = kb_labels(images, read_table(tiny / "kb" / "triplets.parquet", TRIPLETS), 5, 4)
        if params.supervision == "kb+ext":
            labels = kb_ext_labels(images, labels, read_table(tiny / "ext" / "scores.parquet", EXT_SCORES))
        prompts = Prompts(language[0].objects.to(card), language[0].triplets.to(card), language[0].row)
        phrases = Phrases(*(table.to(card) for table in vars(language[1]).values()))
        return make_trainer(params, Material(vocabulary, images, prompts, phrases, card), labels)

    return build


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.filterwarnings("ignore")
def test_steps_validation_and_e_step_stay_on_the_card(make, kind):
    trainer = make(**KINDS[kind])
    assert trainer.regions._maps.device == CARD
    for _, _, share in ahead(trainer, range(3), early=False):
        with NeverWaits():
            losses = trainer.losses_of(share)
        assert all(loss.device == CARD and loss.shape == () for loss in vars(losses).values())
        assert losses.loss.requires_grad and losses.loss.dtype == torch.float32
    trainer.model.eval()
    logits = predicate_logits(trainer.model, trainer.regions, [0, 3, 1], trainer.params.precision)
    scores = predicate_scores(logits, "sigmoid")
    pairs = sum(
        len(trainer.regions.images.pairs[trainer.regions.images.pairs_of(number)]) for number in (0, 3, 1)
    )
    assert (scores.device, scores.shape, scores.dtype) == (CARD, (pairs, 4), torch.float32)


@pytest.mark.filterwarnings("ignore")
def test_ba_sgg_stays_on_the_card(make):
    trainer = make(**MOTIF)
    adjusted = head_alone(trainer.model.adjusted_by(torch.from_numpy(np.eye(5, dtype=np.float32))))
    assert predicate_logits(adjusted, trainer.regions, [2], "float32").device == CARD


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("fault", ["left on the CPU", "waits for the card"])
def test_planted_faults_are_caught(make, monkeypatch, fault):
    trainer = make()
    if fault == "left on the CPU":
        monkeypatch.setattr(targets, "moved", lambda tensor, device: tensor)
    else:
        usual = trainer.contrast.forward
        monkeypatch.setattr(
            trainer.contrast,
            "forward",
            lambda visual, *rest, **named: visual.relation.max().item() * usual(visual, *rest, **named),
        )
    with pytest.raises(Exception, match=r"device|_local_scalar_dense"):
        trainer.losses_of(trainer.share(draw(trainer.params, trainer.training_set, 0), 0))
