"""Pre-train the small CLIP on region phrases; any step can be resumed to the same bits.

`relclip.clip.labels` trains its picture tower on labels alone with the same steps.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from relclip.clip.batches import Sampler
from relclip.clip.descent import Descent, Tower
from relclip.clip.loss import LOSSES, learning_rate, shared_loss
from relclip.clip.regions import Codes
from relclip.clip.small import LARGEST_SCALE, optimizer
from relclip.clip.texts import Reader
from relclip.compute.checkpoint import Kept, resume, save_checkpoint
from relclip.compute.device import autocast, moved
from relclip.compute.schedule import descend, learning
from relclip.compute.world import ALONE, World
from relclip.core.params.clip import Pretrain
from relclip.core.progress import progress
from relclip.core.seeds import stream

CPU = torch.device("cpu")
Point = tuple[int, float, float]  # step, loss, learning rate


@dataclass(frozen=True)
class Corpus:
    """What a step sees and reads: pixels (R, 3, S, S) uint8, which regions it draws, what they say."""

    pixels: Tensor
    sampler: Sampler
    reader: Reader


class Curve(list[Point]):
    """The points so far, as a checkpoint keeps them."""

    def state_dict(self) -> list[Point]:
        """What a checkpoint needs to keep."""
        return list(self)

    def load_state_dict(self, state: list[Point]) -> None:
        """Go on from a checkpoint."""
        self[:] = state


class Trainer:
    """The model, its optimiser, the step it is at and the curve so far: all that a checkpoint holds."""

    def __init__(
        self,
        model: Any,
        settings: Pretrain,
        mean: Tensor,
        std: Tensor,
        *,
        device: torch.device = CPU,
        world: World = ALONE,
    ) -> None:
        self.model = model.to(device).train()
        self.device, self.world = device, world
        self.settings = settings
        self.optimizer = optimizer(model, settings.learning_rate, settings.weight_decay)
        self.step = 0
        self.curve = Curve()
        self._mean, self._std = mean.to(device)[:, None, None], std.to(device)[:, None, None]
        self._descent = Descent(learning(self.optimizer), world)

    def train_step(self, corpus: Corpus, tokenize: Callable[[list[str]], Tensor]) -> float:
        """One step; returns its loss. What is drawn depends on the seed and the step alone."""
        settings, random = self.settings, stream(self.settings.seed, "clip", "step", self.step)
        grouped = self.step >= settings.grouped_from * settings.steps
        rows = (
            corpus.sampler.grouped(self.step, settings.batch, settings.groups, settings.grouped_objects)
            if grouped
            else corpus.sampler.random(self.step, settings.batch, settings.objects)
        )
        texts, index = corpus.reader.read(rows, settings.prompted, settings.negatives, random)
        encode, tokens = self.show(corpus.pixels, rows, random), tokenize(texts)
        shown = moved(torch.from_numpy(index), self.device)

        def read(part: slice) -> Tensor:
            with autocast(self.device):
                return F.normalize(self.model.encode_text(moved(tokens[part], self.device)).float(), dim=-1)

        def compared(images: Tensor, sentences: Tensor) -> Tensor:
            scale = self.model.logit_scale.exp()
            if self.world.size == 1:
                return LOSSES[settings.loss](images, sentences, shown, scale)
            counts = len(rows), len(texts)
            return shared_loss(settings.loss, (images, sentences), counts, shown, scale, world=self.world)

        def embed(part: slice) -> Tensor:
            return F.normalize(encode(part), dim=-1)

        own_rows, own_texts = self.world.part(len(rows)), self.world.part(len(texts))
        loss = self.descend(compared, Tower(embed, own_rows), Tower(read, own_texts))
        with torch.no_grad():
            self.model.logit_scale.clamp_(0.0, torch.tensor(LARGEST_SCALE).log().item())
        return loss

    def show(self, crops: Tensor, rows: Codes, random: np.random.Generator) -> Callable[[slice], Tensor]:
        """What the picture tower makes of the crops `rows`, some of them mirrored: a function of a slice of them.

        Which patches of a slice are hidden depends on the step and where the slice begins.
        """
        settings = self.settings
        seed = int(random.integers(1 << 62))
        masked = self.step < settings.unmasked_from * settings.steps
        mirrored = random.random(len(rows)) < settings.mirrored

        def see(part: slice) -> Tensor:
            pixels, flip = crops[torch.from_numpy(rows[part])], torch.from_numpy(mirrored[part])
            pixels[flip] = pixels[flip].flip(-1)
            there = (moved(pixels, self.device).float() / 255 - self._mean) / self._std
            torch.manual_seed(seed + part.start)  # what patch dropout draws from
            self.model.visual.patch_dropout.train(masked)
            with autocast(self.device):
                embeddings: Tensor = self.model.encode_image(there)
            return embeddings.float()

        return see

    def descend(self, loss: Callable[..., Tensor], *towers: Tower) -> float:
        """Update the weights down the gradient of `loss` and end the step; returns the loss."""
        settings, value = self.settings, self._descent(loss, *towers)
        rate = learning_rate(self.step, settings.steps, settings.warmup, settings.learning_rate)
        descend(self.optimizer, rate)
        self.curve.append((self.step, value.item(), rate))
        self.step += 1
        return self.curve[-1][1]

    @property
    def kept(self) -> dict[str, Kept]:
        """What a checkpoint keeps beside the step."""
        return {"model": self.model, "optimizer": self.optimizer, "curve": self.curve}


def train(trainer: Trainer, one_step: Callable[[], float], checkpoint: Path, digest: str) -> None:
    """Run the steps that are left by calling `one_step`; a checkpoint every `checkpoint_every` steps."""
    settings = trainer.settings
    trainer.step = resume(checkpoint, digest, CPU, trainer.kept)
    if trainer.step and trainer.world.first:
        print(f"clip: going on from step {trainer.step} of {checkpoint}", flush=True)
    world, model = trainer.world, trainer.model
    world.agree(trainer.step, trainer.device, "the step of their checkpoint; give all the same --output")
    world.copy_first(model.state_dict().values())
    left = range(trainer.step, settings.steps)
    shown = progress(left, "pre-training", "step", total=settings.steps, start=trainer.step)
    for _ in shown:
        one_step()
        if world.first and trainer.step % settings.checkpoint_every == 0 and trainer.step < settings.steps:
            save_checkpoint(checkpoint, digest, trainer.step, trainer.kept)
