"""What a step of a training computes: its batch and its losses (RelCLIP section 3.3)."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from relclip.compute.device import autocast
from relclip.compute.world import ALONE, World
from relclip.core.errors import ParamsError
from relclip.core.params.train import Train
from relclip.core.seeds import stream
from relclip.model import Batch, Model, Regions
from relclip.train.contrast import Level, RelationalContrast, Triplets
from relclip.train.drawn import Drawn, collated, draw
from relclip.train.gathered import gathered_contrast
from relclip.train.language import Phrases, Prompts
from relclip.train.losses import object_cross_entropy, soft_cross_entropy
from relclip.train.targets import Targets, Teacher

#: A loss of predicates: labelled logits (L, R + 1), their distributions (L, R + 1), background logits (B, R + 1).
PredicateLoss = Callable[[Tensor, Tensor, Tensor], Tensor]


@dataclass(frozen=True, eq=False)
class Share:
    """What one process computes of a step, or a piece of that, ready on its device."""

    step: int
    piece: int
    batch: Batch
    targets: Targets
    objects: float = 1.0  # its share of the step's boxes
    pairs: float = 1.0  # its share of the step's pairs that enter the losses
    labelled: tuple[int, ...] = ()  # labelled pairs of each process; empty where this is the whole step
    everyone: Targets | None = None  # the whole step's, for RCL's dictionaries


@dataclass(frozen=True, eq=False)
class Trainer:
    """Everything a step needs. What is drawn at random in a step depends on the seed and the step alone.

    Of a `frozen` network only what requires a gradient learns, and nothing is dropped out. In a `world` of several
    processes each draws the whole step, looks at its part of the images and computes its share of the losses.
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
    world: World = ALONE

    def __post_init__(self) -> None:
        """Raise ParamsError where there are more processes than images to share, or than know of a plateau."""
        if self.params.images_per_batch < self.world.size:
            raise ParamsError(
                f"{self.world.size} processes share the {self.params.images_per_batch} images of a batch; start at "
                "most as many as train.images_per_batch, or raise it"
            )
        waits = self.params.schedule == "plateau" or self.params.early_stopping
        if waits and self.world.size > 1:
            raise ParamsError(
                f"{self.world.size} processes train, of which one validates; train.schedule plateau and "
                "train.early_stopping need one process: set schedule to constant or cosine, early_stopping to null"
            )

    def losses(self, step: int) -> tuple[Tensor, ...]:
        """The values of `curves.LOSSES` at `step` (from 0), this process's share; the first is what is minimised."""
        return self.losses_of(self.share(draw(self.params, self.teacher, step), step))

    def batch(self, step: int) -> tuple[Batch, Targets]:
        """The images of `step` that this process looks at, with their targets."""
        share = self.share(draw(self.params, self.teacher, step), step)
        return share.batch, share.targets

    def share(self, whole: Drawn, step: int, piece: int = 0, pieces: int = 1) -> Share:
        """Make ready what this process computes of a step, or a piece of it."""
        size = len(whole.images)
        own, teacher = self.world.part(size), self.teacher
        bounds = range(own.start, own.stop)
        images = slice(
            own.start + len(bounds) * piece // pieces, own.start + len(bounds) * (piece + 1) // pieces
        )
        drawn = whole if images == slice(0, size) else whole.part(images)
        batch, targets = collated(drawn, self.regions, teacher, self.params.attention_over)
        if drawn is whole:
            return Share(step, piece, batch, targets)
        boxes = teacher.images.object_start[whole.images + 1] - teacher.images.object_start[whole.images]
        parts = (self.world.part_of(number, size) for number in range(self.world.size))
        return Share(
            step,
            self.world.number * pieces + piece,
            batch,
            targets,
            objects=float(boxes[images].sum() / max(boxes.sum(), 1)),
            pairs=drawn.size / max(whole.size, 1),
            labelled=tuple(len(whole.part(part).foreground) for part in parts),
            everyone=self._everyone(whole),
        )

    def losses_of(self, share: Share) -> tuple[Tensor, ...]:
        """The values of `curves.LOSSES`; those of all shares of a step add up to the step's, but for temperature."""
        batch, targets = share.batch, share.targets
        purpose = ("dropout", share.step, *((share.piece,) if share.piece else ()))
        _seed_dropout(int(stream(self.params.seed, *purpose).integers(1 << 62)), self.regions.device)
        with autocast(self.regions.device, self.params.precision):
            output = self.model(batch)
        object_loss = object_cross_entropy(output.object_logits, batch.classes)
        predicate_loss = self.predicate_loss(
            output.predicate_logits[targets.labelled],
            targets.distribution(self.model.config.predicates),
            output.predicate_logits[targets.background],
        )
        if share.labelled:
            object_loss, predicate_loss = object_loss * share.objects, predicate_loss * share.pairs
        objects = output.objects.float()
        visual = Triplets(
            output.relations.float()[targets.labelled],
            objects[batch.subjects[targets.labelled]],
            objects[batch.objects[targets.labelled]],
        )
        contrast = self._contrast(visual, share)
        total = self.params.object_loss * object_loss + self.params.predicate_loss * predicate_loss
        total = total + self.params.rcl.weight * contrast
        return total, object_loss, predicate_loss, contrast, self.contrast.temperature

    def _everyone(self, whole: Drawn) -> Targets | None:
        """The labels of all pairs that the processes contrast."""
        if self.world.size == 1 or not self.contrast.levels:
            return None
        return self.teacher.targets(whole.pairs, whole.background[:0], self.regions.device, whole.foreground)

    def _contrast(self, visual: Triplets, share: Share) -> Tensor:
        if not self.contrast.levels:
            return torch.zeros((), device=self.regions.device)
        targets, everyone, levels = share.targets, share.everyone, self.contrast.levels
        weights = {
            level: targets.dictionary(self.phrases, level, self.params.sampling, everyone) for level in levels
        }
        text, phrases = targets.text(self.prompts), self._remembered(targets)
        if everyone is None:
            return self.contrast(visual, text, weights, phrases)
        known = (phrases, self._remembered(everyone) or {}) if phrases else None
        return gathered_contrast(
            self.contrast, visual, text, weights, known, world=self.world, counts=share.labelled
        )

    def _remembered(self, targets: Targets) -> dict[Level, Tensor] | None:
        """The phrases by which a memory weighs what it holds, of each level; none without memory or phrases."""
        if not self.contrast.memory or self.phrases is None:
            return None
        return {level: targets.phrases(self.phrases, level) for level in self.contrast.levels}


def _seed_dropout(seed: int, device: torch.device) -> None:
    if device.type == "cpu":
        torch.default_generator.manual_seed(
            seed
        )  # torch.manual_seed would keep a stack trace for CUDA each time
    else:
        torch.manual_seed(seed)
