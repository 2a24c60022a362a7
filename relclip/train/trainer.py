"""The steps of one training: batch, losses (RelCLIP section 3.3), update, curves, checkpoints."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from relclip.core.device import autocast
from relclip.core.model import Batch, Regions, RelCLIP, collate
from relclip.core.params import Train
from relclip.core.progress import progress
from relclip.core.seeds import stream
from relclip.train.checkpoint import load_checkpoint, save_checkpoint
from relclip.train.contrast import RelationalContrast, Triplets
from relclip.train.curves import Curves
from relclip.train.language import Phrases, Prompts
from relclip.train.losses import object_cross_entropy, soft_cross_entropy
from relclip.train.optimiser import make_optimizer, update
from relclip.train.schedule import batch_numbers, choose_background, learning_rate
from relclip.train.targets import Targets, Teacher
from relclip.train.validate import Validation


@dataclass(frozen=True, eq=False)
class Trainer:
    """Everything a step needs. What is drawn at random in a step depends on the seed and the step alone."""

    params: Train
    model: RelCLIP
    contrast: RelationalContrast
    regions: Regions
    teacher: Teacher
    prompts: Prompts
    phrases: Phrases | None

    def losses(self, step: int) -> tuple[Tensor, ...]:
        """The values of `curves.LOSSES` at `step` (from 0); the first is what is minimised."""
        torch.manual_seed(int(stream(self.params.seed, "dropout", step).integers(1 << 62)))
        batch, targets = self.batch(step)
        with autocast(self.regions.device):
            output = self.model(batch)
        object_loss = object_cross_entropy(output.object_logits, batch.classes)
        predicate_loss = soft_cross_entropy(
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
        labelled = teacher.labels.row[pairs] >= 0
        background = choose_background(
            self.params.seed, step, labelled, self.params.background_per_foreground
        )
        if self.params.attention_over == "all":
            return collate(self.regions, numbers), teacher.targets(pairs, background, self.regions.device)
        used = labelled.copy()
        used[background] = True
        counts = [images.pair_start[number + 1] - images.pair_start[number] for number in numbers]
        chosen = [np.flatnonzero(part) for part in np.split(used, np.cumsum(counts)[:-1])]
        background = (np.cumsum(used) - 1)[background]
        return collate(self.regions, numbers, chosen), teacher.targets(
            pairs[used], background, self.regions.device
        )

    def _contrast(self, visual: Triplets, targets: Targets) -> Tensor:
        if not self.contrast.levels:
            return torch.zeros((), device=self.regions.device)
        weights = {
            level: targets.dictionary(self.phrases, level, self.params.sampling)
            for level in self.contrast.levels
        }
        return self.contrast(visual, targets.text(self.prompts), weights)


def fit(trainer: Trainer, validation: Validation, curves: Curves, folder: Path, digest: str) -> None:
    """Train to the last step, from the checkpoint in `folder` if it carries `digest`, leaving one there as it goes."""
    params, model = trainer.params, trainer.model
    optimizer = make_optimizer(params, (model, trainer.contrast))
    state = load_checkpoint(folder, digest, trainer.regions.device)
    first = _restore(state, trainer, optimizer, curves) if state else 0
    model.train()
    steps = range(first, params.iterations)
    for step in progress(steps, f"train {folder.name}", "iteration", total=params.iterations, start=first):
        losses = trainer.losses(step)
        update(optimizer, losses[0], learning_rate(params, step), params.gradient_clip)
        done = step + 1
        curves.step(done, losses, last=done == params.iterations)
        if done % params.validate_every == 0 or done == params.iterations:
            curves.validation(done, validation(model))
        if done % params.checkpoint_every == 0:
            save_checkpoint(folder, digest, _state(done, trainer, optimizer, curves))


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
