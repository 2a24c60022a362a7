"""Trainings on a CUDA card that is not there: fake tensors on cuda:0 have shapes, types and devices, but no numbers.

Seen: a tensor left on the CPU, shapes and types that do not fit, an operation that waits for the card (it would have to
know a number), for every kind of training, its validation and its E-step. Not seen: numbers; backward and the fused
optimisers (torch's engine wants a real card); the LSTMs, which cuDNN computes; memory, streams and pinned copies;
kernels that are missing or not deterministic. Those need a card.
"""

from contextlib import nullcontext

import numpy as np
import pytest
import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode

from relclip.core.params.train import Train
from relclip.core.parquet import EXT_SCORES, RELATIONS, TRIPLETS, read_table
from relclip.core.vocabulary import load_vocabulary
from relclip.model import ImageSet, predicate_scores
from relclip.train import targets
from relclip.train.fit import ahead
from relclip.train.labels import full_labels, kb_ext_labels, kb_labels
from relclip.train.language import Phrases, Prompts, load_phrases, load_prompts
from relclip.train.logits import predicate_logits
from relclip.train.refine.ba_sgg import head_alone
from relclip.train.setup import Material, make_trainer

CARD = torch.device("cuda", 0)
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


def moved_to(module, device):
    """`nn.Module.to`, which cannot swap fake tensors for others."""
    for part in module.modules():
        for name, weight in part.named_parameters(recurse=False):
            part.register_parameter(name, nn.Parameter(weight.detach().to(device), weight.requires_grad))
        for name, buffer in part.named_buffers(recurse=False):
            part.register_buffer(name, buffer.to(device))
    return module


def read_by_nobody(lstm, packed):
    """`nn.LSTM.forward` in its shapes and types alone: it asks how many images have a t-th object."""
    read = packed.data.new_zeros(len(packed.data), 2 * lstm.hidden_size) + packed.data.mean()
    return packed._replace(data=read), None


@pytest.fixture
def card(monkeypatch):
    monkeypatch.setattr(nn.Module, "to", moved_to)
    monkeypatch.setattr(nn.LSTM, "forward", read_by_nobody)
    monkeypatch.setattr(torch.Tensor, "pin_memory", lambda tensor: tensor)
    monkeypatch.setattr(torch.cuda, "device", lambda device: nullcontext())
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda *_, **__: True)
    monkeypatch.setattr(torch.cuda.amp.common, "amp_definitely_not_available", lambda: False)
    monkeypatch.setattr("relclip.model.regions.memory_to_keep", lambda device: 1 << 30)
    with FakeTensorMode(allow_non_fake_inputs=True):
        yield CARD


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
        trainer.losses(0)
