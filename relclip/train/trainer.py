"""What a step of a training computes: its batch and its losses (RelCLIP section 3.3)."""

from dataclasses import dataclass

import torch
from torch import Tensor

from relclip.compute.device import autocast
from relclip.compute.world import ALONE, World
from relclip.core.errors import ParamsError
from relclip.core.params.train import Train
from relclip.core.seeds import stream
from relclip.model import Batch, Model, Output, Regions
from relclip.model.contrast import Triplets
from relclip.train.contrast import RelationalContrast, weights_by
from relclip.train.language import Phrases, Prompts
from relclip.train.losses import Losses, PredicateLoss, object_cross_entropy, soft_cross_entropy
from relclip.train.minibatch import Minibatch, collated, draw
from relclip.train.targets import Targets, TrainingSet


@dataclass(frozen=True, eq=False)
class Share:
    """What one process computes of a step, or one micro-batch of that, ready on its device."""

    step: int
    micro_batch: int
    batch: Batch
    targets: Targets
    objects: float = 1.0  # its share of the step's boxes
    pairs: float = 1.0  # its share of the step's pairs that enter the losses
    labelled: tuple[int, ...] = ()  # labelled pairs of each process; empty where there is one
    everyone: Targets | None = (
        None  # the labels of the whole step, where this is not all of it and there is RCL
    )


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
    training_set: TrainingSet
    prompts: Prompts
    phrases: Phrases | None
    predicate_loss: PredicateLoss = soft_cross_entropy
    frozen: bool = False
    world: World = ALONE

    def __post_init__(self) -> None:
        """Raise ParamsError where there are more processes than images to share."""
        if self.params.images_per_batch < self.world.size:
            raise ParamsError(
                f"{self.world.size} processes share the {self.params.images_per_batch} images of a batch; start at "
                "most as many as train.images_per_batch, or raise it"
            )

    def losses(self, step: int) -> Losses:
        """The losses at `step` (from 0), this process's share."""
        return self.losses_of(self.share(draw(self.params, self.training_set, step), step))

    def batch(self, step: int) -> tuple[Batch, Targets]:
        """The images of `step` that this process looks at, with their targets."""
        share = self.share(draw(self.params, self.training_set, step), step)
        return share.batch, share.targets

    def share(self, whole: Minibatch, step: int, micro_batch: int = 0, micro_batches: int = 1) -> Share:
        """Make ready what this process computes of a step, or one micro-batch of that."""
        size = len(whole.images)
        own, training_set = self.world.part(size), self.training_set
        ends = [own.start + (own.stop - own.start) * (micro_batch + k) // micro_batches for k in (0, 1)]
        images = slice(*ends)
        part = whole if images == slice(0, size) else whole.subset(images)
        batch, targets = collated(part, self.regions, training_set, self.params.attention_over)
        if part is whole:
            return Share(step, micro_batch, batch, targets)
        boxes = (
            training_set.images.object_start[whole.images + 1]
            - training_set.images.object_start[whole.images]
        )
        return Share(
            step,
            self.world.number * micro_batches + micro_batch,
            batch,
            targets,
            objects=float(boxes[images].sum() / max(boxes.sum(), 1)),
            pairs=part.size / max(whole.size, 1),
            labelled=tuple(
                len(whole.subset(self.world.part_of(number, size)).foreground)
                for number in range(self.world.size)
            ),
            everyone=self._everyone(whole),
        )

    def losses_of(self, share: Share) -> Losses:
        """The losses of a share; those of all shares of a step add up to the step's."""
        batch, targets, params = share.batch, share.targets, self.params
        purpose = ("dropout", share.step, *((share.micro_batch,) if share.micro_batch else ()))
        _seed_dropout(int(stream(params.seed, *purpose).integers(1 << 62)), self.regions.device)
        with autocast(self.regions.device, params.precision):
            output = self.model(batch)
        object_loss = object_cross_entropy(output.object_logits, batch.classes) * share.objects
        predicate_loss = share.pairs * self.predicate_loss(
            output.predicate_logits[targets.labelled],
            targets.distribution(self.model.config.predicates),
            output.predicate_logits[targets.background],
        )
        rcl = self._rcl(output, share)
        loss = params.object_loss * object_loss + params.predicate_loss * predicate_loss
        return Losses(loss + params.rcl.weight * rcl, object_loss, predicate_loss, rcl)

    def _rcl(self, output: Output, share: Share) -> Tensor:
        """L_RCL, RelCLIP eq. 6: v of the labelled pairs from the network, t and e from their labels."""
        batch, targets, levels = share.batch, share.targets, self.contrast.levels
        if not levels:
            return torch.zeros((), device=self.regions.device)
        rows, objects = targets.labelled, output.objects.float()
        visual = Triplets(
            output.relations.float()[rows], objects[batch.subjects[rows]], objects[batch.objects[rows]]
        )
        everyone = share.everyone or targets
        phrases, weights = {}, {}
        for level in levels:
            if self.phrases is None:  # no sampling: all others are negatives
                weights[level] = torch.ones(2 * (len(everyone.labelled),), device=self.regions.device)
            else:
                phrases[level] = everyone.phrases(self.phrases, level)
                weights[level] = weights_by(self.params.sampling, phrases[level])
        text = targets.text(self.prompts)
        return self.contrast(visual, text, weights, phrases, world=self.world, counts=share.labelled)

    def _everyone(self, whole: Minibatch) -> Targets | None:
        """The labels of all pairs that the processes contrast."""
        if self.world.size == 1 or not self.contrast.levels:
            return None
        return self.training_set.targets(
            whole.pairs, whole.background[:0], self.regions.device, whole.foreground
        )


def _seed_dropout(seed: int, device: torch.device) -> None:
    if device.type == "cpu":
        torch.default_generator.manual_seed(
            seed
        )  # torch.manual_seed would keep a stack trace for CUDA each time
    else:
        torch.manual_seed(seed)
