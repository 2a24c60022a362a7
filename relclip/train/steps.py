"""One step of a training: the gradients of all micro-batches and processes, the learning rate, the update."""

import math
from collections.abc import Sequence
from functools import partial

import torch

from relclip.compute.halving import attempt, free_what_is_left, say_halved
from relclip.compute.schedule import descend, learning, warm_cosine
from relclip.core.errors import OutOfMemory
from relclip.core.params.train import Train
from relclip.model import with_room
from relclip.train.minibatch import Minibatch
from relclip.train.trainer import Losses, Share, Trainer

FALLS_TO = 0.1


def learning_rate(params: Train, step: int, validated: Sequence[float] = ()) -> float:
    """Learning rate of `step` (from 0): linear warm-up, then constant, a half cosine down to 0, or by plateaus.

    validated: the recalls on validation so far, the first first; only `schedule: plateau` asks for them.
    """
    if params.schedule != "cosine" and step >= params.warmup:
        falls = plateaus(validated, params.patience) if params.schedule == "plateau" else 0
        return params.learning_rate * FALLS_TO**falls
    return warm_cosine(params.learning_rate, step, params.iterations, params.warmup)


def plateaus(validated: Sequence[float], patience: int) -> int:
    """How often more than `patience` values in a row were not above the best, as torch's ReduceLROnPlateau counts.

    Its threshold is 0 here. After a fall the count of values that were no better begins anew.
    """
    best, waited, falls = -math.inf, 0, 0
    for value in validated:
        waited = 0 if value > best else waited + 1
        best = max(best, value)
        if waited > patience:
            falls, waited = falls + 1, 0
    return falls


class Steps:
    """Runs steps, in micro-batches of a batch's images where memory does not hold all of them at once.

    Their gradients add up to those of the whole, since every loss weighs by counts. RCL is the exception: it contrasts
    all pairs of a batch with each other, so that micro-batches would be another loss; there the step fails.
    """

    def __init__(self, trainer: Trainer, optimizer: torch.optim.Optimizer) -> None:
        self.trainer, self.optimizer = trainer, optimizer
        self.micro_batches = 1
        self._weights = learning(optimizer)

    def __call__(self, whole: Minibatch, share: Share, rate: float) -> Losses:
        """Make the step that was drawn, at the learning rate `rate`; returns the losses of the whole step."""
        while (losses := self._attempt(whole, share)) is None:
            self._halve(share)
        summed = self.trainer.world.add_up(self._weights, list(vars(losses).values()))
        losses = Losses(**dict(zip(vars(losses), summed, strict=True)))
        descend(self.optimizer, rate, self.trainer.params.gradient_clip)
        return losses

    def _attempt(self, whole: Minibatch, share: Share) -> Losses | None:
        """Leave the gradients of this process's share and return its losses; nothing where memory did not suffice.

        A second attempt is another exchange with the other processes, and a memory of RCL has taken the batch in.
        """
        contrast, world = self.trainer.contrast, self.trainer.world
        repeatable = not contrast.levels or (world.size == 1 and not contrast.memory)
        gradients = partial(self._gradients, whole, share)
        return attempt(partial(with_room, gradients) if repeatable else gradients)

    def _gradients(self, whole: Minibatch, share: Share) -> Losses:
        self.optimizer.zero_grad(set_to_none=True)
        if self.micro_batches == 1:
            losses = self.trainer.losses_of(share)
            losses.loss.backward()
            return losses
        found = []
        for number in range(self.micro_batches):
            losses = self.trainer.losses_of(self.trainer.share(whole, share.step, number, self.micro_batches))
            losses.loss.backward()
            found.append(losses.detached())
        return Losses.total(found)

    def _halve(self, share: Share) -> None:
        """Go on in twice as many micro-batches. Raises OutOfMemory where that is another loss or there are none."""
        self.optimizer.zero_grad(set_to_none=True)
        free_what_is_left()
        size, images = self.trainer.params.images_per_batch, len(share.batch.object_counts)
        if self.trainer.contrast.levels:
            raise OutOfMemory(
                f"out of memory in training with {size} images a batch; RCL contrasts a batch as a whole, so lower "
                "train.images_per_batch or train.foreground_per_image, or share the batch among more GPUs by torchrun"
            )
        if self.micro_batches >= images:
            raise OutOfMemory(
                "out of memory in training with one image at a time; lower train.foreground_per_image, or take "
                "another --device"
            )
        size_before, self.micro_batches = (
            -(-images // self.micro_batches),
            min(self.micro_batches * 2, images),
        )
        size = -(-images // self.micro_batches)
        say_halved("training", "image", size_before, size, "train.images_per_batch")
