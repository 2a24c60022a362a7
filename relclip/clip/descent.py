"""The gradients of a contrastive step: of all processes together, and in pieces where memory does not hold a batch.

A contrastive loss needs all embeddings of a batch at once, not all activations. In micro-batches, embeddings are made
without a graph, the loss gives the gradient of each, and each piece is then embedded again to pass it on to the weights
(GradCache, Gao et al. 2021): the same gradient at the price of a second forward pass.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from relclip.compute.halving import attempt, free_what_is_left, say_halved
from relclip.compute.world import ALONE, World
from relclip.core.errors import OutOfMemory


@dataclass(frozen=True)
class Tower:
    """Rows of a batch to embed, and what embeds a slice of them; it seeds what it draws by the slice's start."""

    embed: Callable[[slice], Tensor]
    rows: slice


class Descent:
    """Leaves the gradients of steps in the weights."""

    def __init__(self, weights: Sequence[Tensor], world: World = ALONE) -> None:
        self.weights, self.world = list(weights), world
        self.micro_batches = 1

    def __call__(self, loss: Callable[..., Tensor], *towers: Tower) -> Tensor:
        """Gradients of `loss`, which is given the embeddings of each tower; returns its value over all processes.

        Raises OutOfMemory where even single rows are too much, or where other processes wait for this one.
        """
        while (value := attempt(lambda: self._gradients(loss, towers))) is None:
            self._halve(max(tower.rows.stop - tower.rows.start for tower in towers))
        return self.world.add_up(self.weights, [value])[0]

    def _gradients(self, loss: Callable[..., Tensor], towers: Sequence[Tower]) -> Tensor:
        self._forget()
        if self.micro_batches == 1:
            value = loss(*(tower.embed(tower.rows) for tower in towers))
            value.backward()
            return value.detach()
        cut = [_micro_batches(tower.rows, self.micro_batches) for tower in towers]
        with torch.no_grad():
            made = [
                torch.cat([tower.embed(part) for part in batches])
                for tower, batches in zip(towers, cut, strict=True)
            ]
        leaves = [vectors.requires_grad_() for vectors in made]
        value = loss(*leaves)
        value.backward()
        for tower, batches, leaf in zip(towers, cut, leaves, strict=True):
            whole = torch.zeros_like(leaf) if leaf.grad is None else leaf.grad
            for part, gradient in zip(
                batches, whole.split([part.stop - part.start for part in batches]), strict=True
            ):
                tower.embed(part).backward(gradient)
        return value.detach()

    def _forget(self) -> None:
        for weight in self.weights:
            weight.grad = None

    def _halve(self, rows: int) -> None:
        self._forget()
        free_what_is_left()
        if self.world.size > 1 or self.micro_batches >= rows:
            raise OutOfMemory(
                f"out of memory in pre-training with {-(-rows // self.micro_batches)} crops at once; lower "
                "clip.pretrain.batch, or share the batch among more GPUs by torchrun"
            )
        before, self.micro_batches = self.micro_batches, self.micro_batches * 2
        say_halved(
            "pre-training", "crop", -(-rows // before), -(-rows // self.micro_batches), "clip.pretrain.batch"
        )


def _micro_batches(rows: slice, count: int) -> list[slice]:
    """The rows in `count` slices of nearly one length; none of them empty."""
    size = rows.stop - rows.start
    ends = [rows.start + size * number // count for number in range(count + 1)]
    return [slice(first, last) for first, last in pairwise(ends) if last > first]
