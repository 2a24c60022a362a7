"""The steps of one training: batch, losses (RelCLIP section 3.3), update, curves, checkpoints."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from relclip.core.checkpoint import load_checkpoint, save_checkpoint
from relclip.core.curves import Curves
from relclip.core.device import autocast
from relclip.core.model import Batch, Model, Regions, collate
from relclip.core.params import Train
from relclip.core.progress import progress
from relclip.core.schedule import batch_numbers
from relclip.core.seeds import stream
from relclip.train.contrast import RelationalContrast, Triplets
from relclip.train.labels import LEFT_OUT
from relclip.train.language import Phrases, Prompts
from relclip.train.losses import object_cross_entropy, soft_cross_entropy
from relclip.train.optimiser import make_optimizer, update
from relclip.train.schedule import choose_background, choose_foreground, learning_rate
from relclip.train.targets import Targets, Teacher
from relclip.train.validate import Validation

#: Part of every checkpoint's digest; raise it when a step comes to compute something else.
VERSION = 2
#: A loss of predicates: labelled logits (L, R + 1), their distributions (L, R + 1), background logits (B, R + 1).
PredicateLoss = Callable[[Tensor, Tensor, Tensor], Tensor]


@dataclass(frozen=True, eq=False)
class Trainer:
    """Everything a step needs. What is drawn at random in a step depends on the seed and the step alone.

    Of a `frozen` network only what requires a gradient learns, and nothing is dropped out.
    """

    params: Train
    model: Model
    contrast: RelationalContrast
    regions: Regions
    teacher: Teacher
    prompts: Prompts
    phrases: Phrases | None
    predicate_loss: PredicateLoss = soft_cross_entropy
    frozen: bool = False

    def losses(self, step: int) -> tuple[Tensor, ...]:
        """The values of `curves.LOSSES` at `step` (from 0); the first is what is minimised."""
        _seed_dropout(int(stream(self.params.seed, "dropout", step).integers(1 << 62)), self.regions.device)
        batch, targets = self.batch(step)
        with autocast(self.regions.device):
            output = self.model(batch)
        object_loss = object_cross_entropy(output.object_logits, batch.classes)
        predicate_loss = self.predicate_loss(
            output.predicate_logits[targets.labelled],
            targets.distribution(self.model.config.predicates),
            output.predicate_logits[targets.background],
        )
        objects = output.objects.float()
        visual = Triplets(
            output.relations.float()[targets.labelled],
            objects[batch.subjects[targets.labelled]],
            objects[batch.objects[targets.labelled]],
        )
        contrast = self._contrast(visual, targets)
        total = self.params.object_loss * object_loss + self.params.predicate_loss * predicate_loss
        total = total + self.params.rcl.weight * contrast
        return total, object_loss, predicate_loss, contrast, self.contrast.temperature

    def batch(self, step: int) -> tuple[Batch, Targets]:
        """The images of `step` with their targets.

        Under `attention_over: sampled` the relation adaptor sees only the pairs that enter a loss.
        """
        teacher, images = self.teacher, self.teacher.images
        places = batch_numbers(self.params.seed, step, len(teacher.numbers), self.params.images_per_batch)
        numbers = teacher.numbers[places].tolist()
        pairs = np.concatenate([np.arange(*_ends(images.pairs_of(number))) for number in numbers])
        counts = images.pair_start[np.array(numbers) + 1] - images.pair_start[numbers]
        foreground, background = self._drawn(step, teacher.labels.row[pairs], counts)
        if self.params.attention_over == "all":
            return collate(self.regions, numbers), teacher.targets(
                pairs, background, self.regions.device, foreground
            )
        used = np.zeros(len(pairs), bool)
        used[foreground] = used[background] = True
        chosen = [np.flatnonzero(part) for part in np.split(used, np.cumsum(counts)[:-1])]
        place = np.cumsum(used) - 1
        return collate(self.regions, numbers, chosen), teacher.targets(
            pairs[used], place[background], self.regions.device, place[foreground]
        )

    def _drawn(
        self, step: int, rows: NDArray[np.int32], counts: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Rows of the pairs that enter the losses at `step`: with a label, without."""
        seed, params = self.params.seed, self.params
        foreground = choose_foreground(seed, step, rows >= 0, counts, params.foreground_per_image)
        background = choose_background(
            seed, step, (rows >= 0) | (rows == LEFT_OUT), params.background_per_foreground, len(foreground)
        )
        return foreground, background

    def _contrast(self, visual: Triplets, targets: Targets) -> Tensor:
        if not self.contrast.levels:
            return torch.zeros((), device=self.regions.device)
        weights = {
            level: targets.dictionary(self.phrases, level, self.params.sampling)
            for level in self.contrast.levels
        }
        phrases = None
        if self.contrast.memory and self.phrases is not None:
            phrases = {level: targets.phrases(self.phrases, level) for level in self.contrast.levels}
        return self.contrast(visual, targets.text(self.prompts), weights, phrases)


def fit(
    trainer: Trainer,
    validation: Validation,
    curves: Curves,
    folder: Path,
    digest: str,
    *,
    keep_last: bool = False,
) -> None:
    """Train to the last step, from the checkpoint in `folder` if it carries `digest`, leaving one there as it goes.

    `keep_last`: leave one of the last step too, so that another call has nothing left to do.
    """
    params, model = trainer.params, trainer.model
    optimizer = make_optimizer(params, (model, trainer.contrast))
    state = load_checkpoint(folder, digest, trainer.regions.device)
    first = _restore(state, trainer, optimizer, curves) if state else 0
    model.train(not trainer.frozen)
    steps = range(first, params.iterations)
    for step in progress(steps, f"train {folder.name}", "iteration", total=params.iterations, start=first):
        losses = trainer.losses(step)
        update(optimizer, losses[0], learning_rate(params, step), params.gradient_clip)
        done = step + 1
        curves.step(done, losses, last=done == params.iterations)
        if done % params.validate_every == 0 or done == params.iterations:
            curves.validation(done, validation(model))
        if done % params.checkpoint_every == 0 or (keep_last and done == params.iterations):
            save_checkpoint(folder, digest, _state(done, trainer, optimizer, curves))


def _seed_dropout(seed: int, device: torch.device) -> None:
    if device.type == "cpu":
        torch.default_generator.manual_seed(
            seed
        )  # torch.manual_seed would keep a stack trace for CUDA each time
    else:
        torch.manual_seed(seed)


def _state(step: int, trainer: Trainer, optimizer: torch.optim.Optimizer, curves: Curves) -> dict[str, Any]:
    return {
        "step": step,
        "model": trainer.model.state_dict(),
        "contrast": trainer.contrast.state_dict(),
        "optimizer": optimizer.state_dict(),
        "points": curves.points,
        "waiting": curves.waiting,
    }


def _restore(
    state: dict[str, Any], trainer: Trainer, optimizer: torch.optim.Optimizer, curves: Curves
) -> int:
    trainer.model.load_state_dict(state["model"])
    trainer.contrast.load_state_dict(state["contrast"])
    optimizer.load_state_dict(state["optimizer"])
    curves.restore(state["points"], state["waiting"])
    return int(state["step"])


def _ends(rows: slice) -> tuple[int, int]:
    return rows.start, rows.stop
