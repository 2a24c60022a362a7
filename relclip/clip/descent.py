"""The gradients of a contrastive step: of all processes together, and in pieces where memory does not hold a batch.

A contrastive loss needs all embeddings of a batch at once, not all activations. In pieces, the embeddings are made
without a graph, the loss gives the gradient of each, and each piece is then embedded again to pass it on to the weights
(GradCache, Gao et al. 2021): the same gradient at the price of a second forward pass.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from relclip.compute.halving import free_what_is_left, is_out_of_memory, say_halved
from relclip.compute.world import ALONE, World
from relclip.core.errors import OutOfMemory


@dataclass(frozen=True)
class Side:
    """Rows of a batch to embed, and what embeds a slice of them; it seeds what it draws by the slice's start."""

    embed: Callable[[slice], Tensor]
    rows: slice


class Descent:
    """Leaves the gradients of steps in the weights."""

    def __init__(self, weights: Sequence[Tensor], world: World = ALONE) -> None:
        self.weights, self.world = list(weights), world
        self.pieces = 1

    def __call__(self, loss: Callable[..., Tensor], *sides: Side) -> Tensor:
        """Gradients of `loss`, which is given the embeddings of each side; returns its value over all processes.

        Raises OutOfMemory where even single rows are too much, or where other processes wait for this one.
        """
        value = self._attempt(loss, sides)
        while value is None:
            self._halve(max(side.rows.stop - side.rows.start for side in sides))
            value = self._attempt(loss, sides)
        return self._together(value)

    def _attempt(self, loss: Callable[..., Tensor], sides: Sequence[Side]) -> Tensor | None:
        try:
            return self._gradients(loss, sides)
        except Exception as error:
            if not is_out_of_memory(error):
                raise
        return None

    def _gradients(self, loss: Callable[..., Tensor], sides: Sequence[Side]) -> Tensor:
        self._forget()
        if self.pieces == 1:
            value = loss(*(side.embed(side.rows) for side in sides))
            value.backward()
            return value.detach()
        cut = [_pieces(side.rows, self.pieces) for side in sides]
        with torch.no_grad():
            made = [
                torch.cat([side.embed(part) for part in parts])
                for side, parts in zip(sides, cut, strict=True)
            ]
        leaves = [vectors.requires_grad_() for vectors in made]
        value = loss(*leaves)
        value.backward()
        for side, parts, leaf in zip(sides, cut, leaves, strict=True):
            asked = torch.zeros_like(leaf) if leaf.grad is None else leaf.grad
            for part, gradient in zip(
                parts, asked.split([part.stop - part.start for part in parts]), strict=True
            ):
                side.embed(part).backward(gradient)
        return value.detach()

    def _together(self, value: Tensor) -> Tensor:
        if self.world.size == 1:
            return value
        zeros = (torch.zeros_like(weight) if weight.grad is None else weight.grad for weight in self.weights)
        *gradients, total = self.world.total([*zeros, value])
        for weight, gradient in zip(self.weights, gradients, strict=True):
            weight.grad = gradient
        return total

    def _forget(self) -> None:
        for weight in self.weights:
            weight.grad = None

    def _halve(self, rows: int) -> None:
        self._forget()
        free_what_is_left()
        if self.world.size > 1 or self.pieces >= rows:
            raise OutOfMemory(
                f"out of memory in pre-training with {-(-rows // self.pieces)} crops at once; lower "
                "clip.pretrain.batch, or share the batch among more GPUs by torchrun"
            )
        before, self.pieces = self.pieces, self.pieces * 2
        say_halved("pre-training", "crop", -(-rows // before), -(-rows // self.pieces), "clip.pretrain.batch")


def _pieces(rows: slice, count: int) -> list[slice]:
    """The rows in `count` slices of nearly one length; none of them empty."""
    size = rows.stop - rows.start
    ends = [rows.start + size * number // count for number in range(count + 1)]
    return [slice(first, last) for first, last in pairwise(ends) if last > first]
