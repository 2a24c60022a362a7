"""RCL's and CLIP's losses shared among processes: shares and their gradients add up to the whole, uneven ones too."""

from dataclasses import dataclass
from functools import partial

import pytest
import torch

from relclip.clip.loss import LOSSES, shared_loss
from relclip.compute import world
from relclip.compute.world import World, own_device
from relclip.core.errors import InputError
from relclip.core.params.train import Sampling
from relclip.train import Memory, RelationalContrast, Triplets, info_nce, sampling_weights


@dataclass(frozen=True)
class Together(World):
    """All processes in one: what is gathered is what they were said to hold."""

    everyone: torch.Tensor | None = None

    def gather(self, rows, counts):
        start = sum(counts[: self.number])
        torch.testing.assert_close(rows, self.everyone[start : start + counts[self.number]])
        return self.everyone


def rows(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("counts", [(7,), (3, 4), (0, 5, 2), (6, 0)])
@pytest.mark.parametrize("temperature", [0.07, 0.01])
def test_shares_of_info_nce_add_up(counts, temperature):
    total, grads, losses = sum(counts), [], []
    weights = sampling_weights(rows(total, 4, seed=3).abs(), 0.9, 0.1, True, "cosine")
    for shared in (False, True):
        visual, text = (rows(total, 6, seed=k).requires_grad_() for k in (1, 2))
        loss = torch.zeros(())
        for number in range(len(counts)):
            own = slice(sum(counts[:number]), sum(counts[: number + 1]))
            loss = loss + info_nce(visual, text, weights, temperature, 0.3, queries=own)
        loss = loss if shared else info_nce(visual, text, weights, temperature, 0.3)
        loss.backward()
        losses.append(float(loss.detach()))
        grads.append(torch.cat([visual.grad, text.grad]))
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)
    torch.testing.assert_close(*grads, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("size", [0, 9])
def test_shares_of_the_contrast_add_up(size):
    """Both levels, learned temperature, a memory that holds the same in every process; one process has no relation."""
    sampling, counts = Sampling(epsilon=0.9, eta=-1.0, weight="shifted"), (4, 0, 2)
    bank = partial(Memory, size, 6, 4, sampling) if size else None
    phrases = {level: rows(6, 4, seed=9) for level in ("subject_predicate", "predicate_object")}

    weights = {level: sampling_weights(found, 0.9, -1.0, True, "shifted") for level, found in phrases.items()}

    def run(processes):
        torch.manual_seed(0)
        contrast = RelationalContrast("dual", 6, 0.3, 0.5, learn_temperature=True, memory=bank)
        losses = []
        for step in range(3):
            visual, text = (Triplets(*rows(3, 6, 6, seed=10 * step + k)) for k in (1, 2))
            if processes == 1:
                losses.append(contrast(visual, text, weights, phrases))
                continue
            everyone = torch.cat(
                [side for level in contrast.levels for side in contrast.embed(level, visual, text)], dim=1
            )
            held, shares = {name: value.clone() for name, value in contrast.memory.state_dict().items()}, []
            for number in range(processes):
                own = slice(sum(counts[:number]), sum(counts[: number + 1]))
                contrast.memory.load_state_dict(held)
                mine = (Triplets(*(side[own] for side in vars(all_).values())) for all_ in (visual, text))
                together = Together(number, processes, everyone=everyone)
                shares.append(contrast(*mine, weights, phrases, world=together, counts=counts))
            losses.append(torch.stack(shares).sum())
        torch.stack(losses).sum().backward()
        grads = [weight.grad for weight in contrast.parameters()]
        return [float(loss.detach()) for loss in losses], grads, list(contrast.memory.state_dict().values())

    one, three = run(1), run(3)
    assert three[0] == pytest.approx(one[0], rel=1e-5)
    for kind in (1, 2):
        for found, expected in zip(three[kind], one[kind], strict=True):
            torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("size", [2, 3])
def test_shares_of_clips_losses_add_up(name, size):
    """Seven pictures of four texts, of which the fifth and sixth are shown by nobody."""
    index, grads, losses = torch.tensor([0, 1, 1, 2, 3, 0, 1]), [], []
    for shared in (False, True):
        images, texts = (
            torch.nn.functional.normalize(rows(count, 5, seed=count), dim=1).requires_grad_()
            for count in (7, 6)
        )
        scale = torch.tensor(5.0, requires_grad=True)
        if shared:
            world = World(0, size)
            parts = [(world.part_of(k, 7), world.part_of(k, 6)) for k in range(size)]
            everyone = torch.cat([part for a, b in parts for part in (images[a], texts[b])])
            loss = torch.stack([
                shared_loss(name, (images[a], texts[b]), (7, 6), index, scale, world=Together(k, size, 0, 1, everyone))
                for k, (a, b) in enumerate(parts)
            ]).sum()  # fmt: skip
        else:
            loss = LOSSES[name](images, texts, index, scale)
        loss.backward()
        losses.append(float(loss.detach()))
        grads.append(torch.cat([images.grad.flatten(), texts.grad.flatten(), scale.grad[None]]))
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)
    torch.testing.assert_close(*grads, rtol=1e-4, atol=1e-6)


def test_parts_cover_all_and_differ_by_one_at_most():
    for size in (1, 2, 5):
        parts = [World(number, size).part(13) for number in range(size)]
        assert [row for part in parts for row in range(13)[part]] == list(range(13))
        lengths = [part.stop - part.start for part in parts]
        assert max(lengths) - min(lengths) <= 1


def test_each_process_takes_a_gpu_of_its_own(monkeypatch):
    second = World(3, 4, 1, 2)
    assert own_device("cpu", second) == "cpu"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(world, "freest", lambda cards, group, otherwise: otherwise)
    monkeypatch.setattr(world, "names_of_cards", list)
    assert own_device("auto", second) == own_device("cuda", second) == "cuda:1"
    with pytest.raises(InputError, match="3 processes on a machine with 2 GPUs; give --nproc-per-node 2"):
        own_device("auto", World(0, 3, 0, 3))
    with pytest.raises(InputError, match="'cuda:1' is one"):
        own_device("cuda:1", second)
    assert (second.threads(8), second.threads(1), second.threads(None)) == (4, 1, None)
