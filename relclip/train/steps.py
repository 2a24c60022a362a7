"""One step of a training: the gradients of all its pieces and of all processes together, then the update."""

import torch
from torch import Tensor

from relclip.compute.halving import free_what_is_left, is_out_of_memory, say_halved
from relclip.compute.schedule import learning
from relclip.core.errors import OutOfMemory
from relclip.train.drawn import Drawn
from relclip.train.optimiser import descend
from relclip.train.trainer import Share, Trainer


class Steps:
    """Runs steps, in `pieces` of a batch's images where memory does not hold all of them at once.

    The gradients of pieces add up to those of the whole, since every loss weighs by counts. RCL is the exception: it
    contrasts all pairs of a batch with each other, so that pieces would be another loss; there the step fails.
    """

    def __init__(self, trainer: Trainer, optimizer: torch.optim.Optimizer) -> None:
        self.trainer, self.optimizer = trainer, optimizer
        self.pieces = 1

    def __call__(self, whole: Drawn, share: Share, rate: float) -> tuple[Tensor, ...]:
        """Make the step that was drawn, at the learning rate `rate`; returns the losses of the whole step."""
        losses = self._attempt(whole, share)
        while losses is None:
            self._halve(share)
            losses = self._attempt(whole, share)
        losses = self._together(losses)
        descend(self.optimizer, rate, self.trainer.params.gradient_clip)
        return losses

    def _attempt(self, whole: Drawn, share: Share) -> tuple[Tensor, ...] | None:
        """Leave the gradients of this process's share and return its losses; nothing where memory did not suffice."""
        try:
            return self._gradients(whole, share)
        except Exception as error:
            if not is_out_of_memory(error):
                raise
        return None

    def _gradients(self, whole: Drawn, share: Share) -> tuple[Tensor, ...]:
        self.optimizer.zero_grad(set_to_none=True)
        if self.pieces == 1:
            losses = self.trainer.losses_of(share)
            losses[0].backward()
            return losses
        found = []
        for piece in range(self.pieces):
            losses = self.trainer.losses_of(self.trainer.share(whole, share.step, piece, self.pieces))
            losses[0].backward()
            found.append(torch.stack([loss.detach() for loss in losses]))
        *added, _ = torch.stack(found).sum(0).unbind()
        return *added, found[0][-1]  # the temperature is no share

    def _together(self, losses: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """Add up gradients and losses of all processes."""
        if self.trainer.world.size == 1:
            return losses
        weights = learning(self.optimizer)
        zeros = (torch.zeros_like(weight) if weight.grad is None else weight.grad for weight in weights)
        summed = self.trainer.world.total([*zeros, *losses[:-1]])
        for weight, gradient in zip(weights, summed, strict=False):
            weight.grad = gradient
        return *summed[len(weights) :], losses[-1]

    def _halve(self, share: Share) -> None:
        """Go on in twice as many pieces. Raises OutOfMemory where that would be another loss or there are none."""
        self.optimizer.zero_grad(set_to_none=True)
        free_what_is_left()
        size, images = self.trainer.params.images_per_batch, len(share.batch.object_counts)
        if self.trainer.contrast.levels:
            raise OutOfMemory(
                f"out of memory in training with {size} images a batch; RCL contrasts a batch as a whole, so lower "
                "train.images_per_batch or train.foreground_per_image, or share the batch among more GPUs by torchrun"
            )
        if self.pieces >= images:
            raise OutOfMemory(
                "out of memory in training with one image at a time; lower train.foreground_per_image, or take "
                "another --device"
            )
        before, self.pieces = -(-images // self.pieces), min(self.pieces * 2, images)
        say_halved("training", "image", before, -(-images // self.pieces), "train.images_per_batch")
