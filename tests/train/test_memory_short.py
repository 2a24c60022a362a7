"""A training step: without sampling; where memory does not suffice, in micro-batches or one sentence; ahead."""

import pytest
import torch

from relclip.compute.device import autocast, halves, moved
from relclip.compute.schedule import make_optimizer
from relclip.core.errors import OutOfMemory
from relclip.core.params.train import Rcl, Sampling, Train
from relclip.core.parquet import RELATIONS, read_table
from relclip.core.vocabulary import load_vocabulary
from relclip.model import ImageSet, Regions
from relclip.model.regions import resident
from relclip.train.fit import ahead
from relclip.train.labels import full_labels
from relclip.train.language import load_phrases, load_prompts
from relclip.train.minibatch import draw
from relclip.train.setup import Material, make_trainer
from relclip.train.steps import Steps
from relclip.train.trainer import Trainer

CPU = torch.device("cpu")
SIZES = {"images_per_batch": 5, "dimension": 16, "heads": 2, "roi_size": 2}
SMALL = {**SIZES, "dropout": 0.0, "background_per_foreground": 0.5}


@pytest.fixture
def make(tiny):
    images = ImageSet.load(tiny / "dataset", tiny / "features", "train")
    vocabulary = load_vocabulary(tiny / "dataset" / "vocabulary.json")
    labels, _ = full_labels(images, read_table(tiny / "dataset" / "relations.parquet", RELATIONS))
    prompts = load_prompts(tiny / "prompts", vocabulary, CPU)
    phrases = load_phrases(tiny / "words", vocabulary, CPU)
    material = Material(vocabulary, images, prompts, phrases, CPU)

    def build(**changes):
        torch.manual_seed(0)
        params = Train(**{**SMALL, **changes})
        return make_trainer(params, material, labels)

    build.images = images
    return build


def one_step(trainer, step=3):
    """Losses and gradients of a step."""
    trainer.model.train()
    steps = Steps(trainer, make_optimizer(trainer.params, trainer.weights))
    whole = draw(trainer.params, trainer.training_set, step)
    losses = steps(whole, trainer.share(whole, step), 0.0)
    return (
        [float(loss.detach()) for loss in vars(losses).values()],
        [weight.grad for weight in trainer.model.parameters()],
        steps,
    )


@pytest.mark.parametrize("enabled", [True, False])
def test_without_sampling_all_others_are_negatives(make, monkeypatch, enabled):
    trainer, met = make(sampling=Sampling(enabled=enabled)), []
    monkeypatch.setattr(
        "relclip.train.contrast.info_nce",
        lambda visual, text, weights, *_, **__: met.append(weights) or visual.sum(),
    )
    trainer.losses_of(trainer.share(draw(trainer.params, trainer.training_set, 0), 0))
    assert len(met) == 2
    assert all(bool((weights == 1).all()) != enabled for weights in met)


def short_of_memory(monkeypatch, images):
    """The device holds at most so many images."""
    usual = Trainer.losses_of

    def limited(self, share):
        if len(share.batch.object_counts) > images:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return usual(self, share)

    monkeypatch.setattr(Trainer, "losses_of", limited)


@pytest.mark.parametrize(
    "kind", [{"rcl": Rcl(level="none"), "object_loss": 0.5}, {"model": "motif", "loss": "bce"}]
)
@pytest.mark.parametrize("limit", [3, 1])
def test_micro_batches_have_the_gradient_of_the_whole(make, monkeypatch, capsys, kind, limit):
    """Five images in two micro-batches, or one by one."""
    before = one_step(make(**kind))
    short_of_memory(monkeypatch, limit)
    after = one_step(make(**kind))
    assert after[2].micro_batches == {3: 2, 1: 5}[limit]
    assert after[0] == pytest.approx(before[0], rel=1e-5)
    for found, expected in zip(after[1], before[1], strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-7)
    assert (
        "relclip: training: out of memory with 5 images at once; going on with 3" in capsys.readouterr().err
    )
    short_of_memory(monkeypatch, 0)
    with pytest.raises(OutOfMemory, match="one image at a time"):
        one_step(make(**kind))


def test_kept_regions_go_before_the_batch_is_cut(make, monkeypatch):
    """A step with RCL, which cannot be cut, has the same losses and gradients without what was kept."""
    before = one_step(make())
    trainer, usual = make(), Trainer.losses_of
    trainer.regions.batch([0])

    def short(self, share):
        if self.regions._kept:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return usual(self, share)

    monkeypatch.setattr(Trainer, "losses_of", short)
    after = one_step(trainer)
    assert after[2].micro_batches == 1
    assert after[0] == before[0]
    with pytest.raises(OutOfMemory, match="RCL contrasts a batch as a whole"):
        one_step(make(rcl=Rcl(memory=9)))  # a memory took the batch in


def test_with_rcl_a_sentence_names_what_to_lower(make, monkeypatch):
    short_of_memory(monkeypatch, 3)
    with pytest.raises(OutOfMemory, match=r"5 images a batch; RCL .* lower train\.images_per_batch"):
        one_step(make())


@pytest.mark.parametrize("kind", [{}, {"model": "motif"}])
def test_bfloat16_is_near_float32(make, kind):
    """What autocast does on a GPU made for it, here on the CPU: near losses, gradients that point alike."""
    (full, grads, _), (half, rough, _) = (
        one_step(make(precision=name, **kind)) for name in ("float32", "bfloat16")
    )
    assert half != full and half == pytest.approx(full, rel=0.02)
    joined = [torch.cat([grad.flatten() for grad in some if grad is not None]) for some in (grads, rough)]
    assert torch.nn.functional.cosine_similarity(*joined, dim=0) > 0.98
    assert all(grad is None or grad.dtype == torch.float32 for grad in rough)


def test_precision_by_device(monkeypatch):
    gpu = torch.device("cuda")
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: True)
    assert [halves(gpu, name) for name in ("auto", "float32", "bfloat16")] == [True, False, True]
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: False)
    assert not halves(gpu, "auto")
    assert not halves(CPU, "auto")
    with autocast(CPU):
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == torch.float32


def test_resident_maps_are_the_files_and_pool_alike(make, monkeypatch):
    monkeypatch.setattr("relclip.model.regions.MAPS_AT_ONCE", 7)
    images = make.images
    memory = images.maps[:1].nbytes * len(images)
    assert resident(images, CPU, memory - 1) is None
    maps = resident(images, CPU, memory)
    assert torch.equal(maps, torch.from_numpy(images.maps[images.map_rows]))
    there, plain = Regions(images, 2, CPU), Regions(images, 2, CPU)
    there._maps = maps
    for found, expected in zip(there.batch([3, 0, 5]), plain.batch([3, 0, 5]), strict=True):
        assert torch.equal(found, expected)
    tensor = torch.arange(3)
    assert moved(tensor, CPU) is tensor


def test_steps_made_ready_by_a_thread_are_the_same_steps(make):
    """What a GPU's trainings do: the next steps are prepared while one is computed."""
    trainer = make()
    losses = [
        [trainer.losses_of(share).loss.item() for _, _, share in ahead(trainer, range(2, 8), early)]
        for early in (False, True)
    ]
    assert losses[0] == losses[1] and len(set(losses[0])) == 6
