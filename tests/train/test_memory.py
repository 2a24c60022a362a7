"""The cross-batch memory of RCL against plain loops: its losses, its order, its gradients, a resumed run."""

from functools import partial

import pytest
import torch
from test_contrast import random, slow_cosine, slow_info_nce
from tiny_dataset import inputs_in
from torch.nn import functional

from relclip.core.params.train import Rcl, Sampling, Train
from relclip.tracking.recorder import Silent
from relclip.train import (
    Memory,
    Negatives,
    RelationalContrast,
    Triplets,
    info_nce,
    relation_embedding,
    sampling_weights,
)
from relclip.train.stage import train_run

LEVELS = ("subject_predicate", "predicate_object")


def slow_weight(one, other, sampling):
    """Eq. 7 for one pair of phrases."""
    if not sampling.enabled:
        return 1.0
    cosine = slow_cosine(one, other)
    if cosine < sampling.eta or (sampling.delete_synonyms and cosine > sampling.epsilon):
        return 0.0
    return {"cosine": max(cosine, 0.0), "shifted": (1 + cosine) / 2, "none": 1.0}[sampling.weight]


@pytest.mark.parametrize("count", [1, 4])
@pytest.mark.parametrize("temperature", [0.01, 0.07, 1.0, torch.tensor(0.07)])
def test_info_nce_with_memory(count, temperature):
    visual, text = random(count, 5), random(count, 5, seed=1)
    weights, further = (random(count, size, seed=2 + size).clamp(min=0) for size in (count, 6))
    kept = [functional.normalize(random(6, 5, seed=seed), dim=1) for seed in (7, 8)]
    rows = [list(zip(*kept, further[k].tolist(), strict=True)) for k in range(count)]
    expected = slow_info_nce(visual, text, weights, float(temperature), 0.3, memory=rows)
    memory = Negatives(*(value.float() for value in (*kept, further)))
    found = info_nce(visual, text, weights.float(), temperature, 0.3, memory=memory)
    assert found.item() == pytest.approx(expected, rel=1e-4, abs=1e-6)


@pytest.mark.parametrize(
    "sampling",
    [Sampling(), Sampling(weight="shifted", delete_synonyms=False, eta=-0.5), Sampling(enabled=False)],
)
def test_the_whole_contrast_over_batches_of_uneven_size(sampling):
    """Five steps with W's that change: it meets the last 7 instances of both sides, as embedded then."""
    words = 3 if sampling.enabled else 0
    contrast = RelationalContrast("dual", 6, 0.3, 0.5, memory=partial(Memory, 7, 6, words, sampling))
    past = {level: [] for level in LEVELS}
    for step, count in enumerate((3, 2, 4, 9, 2)):
        visual, text = (Triplets(*random(3, count, 6, seed=10 * step + side).float()) for side in (1, 2))
        phrases = {level: random(count, 3, seed=step + 50).float() for level in LEVELS}
        weights = {level: torch.ones(count, count) for level in LEVELS}
        expected = 0.0
        for level in LEVELS:
            seen, said = (
                layers[level](relation_embedding(triplets, level)).detach()
                for layers, triplets in ((contrast.visual, visual), (contrast.text, text))
            )
            rows = [
                [(v, t, slow_weight(phrases[level][k], e, sampling)) for v, t, e in past[level][-7:]]
                for k in range(count)
            ]
            expected += slow_info_nce(seen, said, weights[level], 0.5, 0.3, memory=rows)
            past[level] += zip(seen, said, phrases[level], strict=True)
        loss = contrast(visual, text, weights, phrases if sampling.enabled else None)
        assert loss.item() == pytest.approx(float(expected), rel=1e-4)
        with torch.no_grad():
            contrast.visual[LEVELS[0]].weight += random(6, 6, seed=step).float()
            contrast.text[LEVELS[1]].weight += random(6, 6, seed=step + 9).float()


def test_first_in_first_out():
    memory = Memory(4, 1, 1, Sampling(weight="none", delete_synonyms=False, eta=-1.0))
    held = []
    for first, count in ((1, 2), (3, 0), (3, 1), (4, 3), (7, 9)):
        numbers = torch.arange(first, first + count)[:, None].float()
        memory.remember(numbers, -numbers, numbers)
        held = (held + numbers.flatten().tolist())[-4:]
        assert memory.phrases.flatten().tolist() == [0.0] * (4 - len(held)) + held
        weights = memory.negatives(torch.ones(1, 1)).weights
        assert weights.tolist() == [[0.0] * (4 - len(held)) + [1.0] * len(held)], (
            "what is empty counts nothing"
        )


def test_it_fills_from_the_start_and_counts_after_so_many_batches():
    memory = Memory(4, 1, 0, Sampling(enabled=False), after=3)
    counted = []
    for number in range(1, 5):
        counted.append(memory.negatives(None).weights.flatten().tolist())
        memory.remember(torch.full((1, 1), float(number)), torch.ones(1, 1), None)
    assert counted == [[0.0] * 4] * 3 + [[0.0, 1.0, 1.0, 1.0]]


def test_an_empty_memory_and_none_are_the_batch_alone():
    visual, text = (Triplets(*random(3, 4, 6, seed=seed).float()) for seed in (1, 2))
    weights = {level: torch.ones(4, 4) for level in LEVELS}
    phrases = {level: random(4, 3).float() for level in LEVELS}
    plain = RelationalContrast("dual", 6)
    full = RelationalContrast("dual", 6, memory=partial(Memory, 5, 6, 3, Sampling()))
    assert full(visual, text, weights, phrases).item() == pytest.approx(plain(visual, text, weights).item())
    assert not any("memory" in name for name in plain.state_dict())


def test_only_the_batch_gets_gradients():
    """The batch's own negatives weigh nothing here, so what W learns comes from the memory."""
    contrast = RelationalContrast("dual", 6, memory=partial(Memory, 5, 6, 0, Sampling(enabled=False)))
    weights = {level: torch.zeros(4, 4) for level in LEVELS}
    batches = [Triplets(*random(3, 4, 6, seed=seed).float().requires_grad_()) for seed in range(4)]
    longest = []
    for visual, text in (batches[:2], batches[2:]):
        contrast(visual, text, weights).backward()
        longest.append(contrast.visual[LEVELS[0]].weight.grad.abs().max().item())
    assert longest[0] < 1e-5
    assert longest[1] > 0.01
    assert not any(value.requires_grad for value in contrast.memory.buffers())


def test_others_are_weighed_as_the_batch_is():
    phrases = random(6, 4).float()
    whole = sampling_weights(phrases, 0.7, -0.2, True, "shifted")
    part = sampling_weights(phrases[:2], 0.7, -0.2, True, "shifted", others=phrases[2:])
    torch.testing.assert_close(part, whole[:2, 2:])


@pytest.mark.parametrize("sampled", [True, False])
def test_a_resumed_run_ends_in_the_same_bytes(tiny, tmp_path, sampled):
    """Killed between checkpoints, when the memory has gone round; and it does change the training."""

    class Stop(Silent):
        def metrics(self, values, step=0):
            if step == 10:
                raise KeyboardInterrupt

    inputs = inputs_in(tiny)
    params = Train(
        supervision="kb", iterations=12, images_per_batch=4, dimension=16, heads=2, roi_size=1, validate_images=4,
        warmup=2, checkpoint_every=4, validate_every=5, sampling=Sampling(enabled=sampled), rcl=Rcl(memory=50),
    )  # fmt: skip

    def run(name, params=params, recorder=None):
        folders = tmp_path / "checkpoints", tmp_path / name
        train_run("one", params, inputs, *folders, recorder=recorder, threads=1)
        return (tmp_path / name / "model.safetensors").read_bytes()

    undisturbed = run("a")
    with pytest.raises(KeyboardInterrupt):
        run("b", recorder=Stop())
    assert run("b") == undisturbed
    assert run("c", params.model_copy(update={"rcl": Rcl()})) != undisturbed
