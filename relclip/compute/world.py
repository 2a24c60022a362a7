"""Several processes that train one network, as torchrun starts them. Usually there is one, and nothing is exchanged.

A step's images are split over the processes, each of which computes its share of the loss; the shares add up to the
loss of the whole step, and so do their gradients.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import torch
from torch import Tensor
from torch import distributed as dist
from torch.autograd.function import once_differentiable

from relclip.compute.cards import freest
from relclip.compute.device import best_device, names_of_cards
from relclip.core.errors import InputError, RelclipError, one_line
from relclip.core.process import launched, let_others_speak

#: How long a process waits for the others: the first validates and writes while they wait.
LONGEST_WAIT = timedelta(minutes=30)


@dataclass(frozen=True)
class World:
    """This process among all that train together. `number` counts from 0, `local` among those of this machine."""

    number: int = 0
    size: int = 1
    local: int = 0
    local_size: int = 1

    @property
    def first(self) -> bool:
        """Whether this is the process that writes files, checkpoints and progress, and tells the tracker."""
        return self.number == 0

    def part(self, count: int) -> slice:
        """Which of `count` things in a row are this process's; the parts of all differ by at most one."""
        return self.part_of(self.number, count)

    def part_of(self, number: int, count: int) -> slice:
        """Which of `count` things in a row are those of process `number`."""
        return slice(count * number // self.size, count * (number + 1) // self.size)

    def threads(self, threads: int | None) -> int | None:
        """The CPU threads of this process, of `threads` that all processes of this machine share."""
        return threads if self.size == 1 or threads is None else max(1, threads // self.local_size)

    def gather(self, rows: Tensor, counts: Sequence[int]) -> Tensor:
        """The rows of all processes, one process after another: (n, D) -> (N, D); `counts`: n of each, sum N.

        Its gradient is exact: each process gets, for its own rows, the sum of what all of them ask for.
        """
        if self.size == 1:
            return rows
        gathered: Tensor = _Gather.apply(rows, tuple(counts), self.number)
        return gathered

    def total(self, tensors: Sequence[Tensor]) -> list[Tensor]:
        """The sums of these tensors over all processes, which all call this with tensors of the same shapes."""
        if self.size == 1:
            return list(tensors)
        flat = torch.cat([tensor.detach().flatten() for tensor in tensors])
        with _exchange():
            dist.all_reduce(flat)
        parts = flat.split([tensor.numel() for tensor in tensors])
        return [part.view_as(tensor) for part, tensor in zip(parts, tensors, strict=True)]

    def add_up(self, weights: Sequence[Tensor], values: Sequence[Tensor]) -> list[Tensor]:
        """Give each weight the sum of its gradients over all processes; returns the sums of `values`. One exchange."""
        if self.size == 1:
            return list(values)
        zeros = (torch.zeros_like(weight) if weight.grad is None else weight.grad for weight in weights)
        summed = self.total([*zeros, *values])
        for weight, gradient in zip(weights, summed, strict=False):
            weight.grad = gradient
        return summed[len(weights) :]

    @torch.no_grad()
    def copy_first(self, tensors: Iterable[Tensor]) -> None:
        """Overwrite these tensors by those of the first process."""
        for tensor in tensors if self.size > 1 else ():
            sent = tensor.contiguous()
            with _exchange():
                dist.broadcast(sent, 0)
            tensor.copy_(sent)

    def agree(self, value: int, device: torch.device, what: str) -> None:
        """Raise InputError where the processes do not have the same `value`; `what` names it and what to do."""
        if self.size == 1:
            return
        met = [torch.zeros(1, dtype=torch.int64, device=device) for _ in range(self.size)]
        with _exchange():
            dist.all_gather(met, torch.tensor([value], device=device))
        values = [int(one) for one in met]
        if len(set(values)) > 1:
            raise InputError(f"the {self.size} processes differ in {what}: {values}")


ALONE = World()


class _Gather(torch.autograd.Function):
    """Rows padded to the longest part, gathered, cut again; backward sums the gradients and cuts out one's own."""

    @staticmethod
    def forward(ctx: Any, rows: Tensor, counts: tuple[int, ...], number: int) -> Tensor:
        ctx.first, ctx.count = sum(counts[:number]), counts[number]
        padded = rows.new_zeros(max(counts), rows.shape[1])
        padded[: len(rows)] = rows
        parts = [torch.empty_like(padded) for _ in counts]
        with _exchange():
            dist.all_gather(parts, padded)
        return torch.cat([part[:count] for part, count in zip(parts, counts, strict=True)])

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        gradient = gradient.clone(memory_format=torch.contiguous_format)
        with _exchange():
            dist.all_reduce(gradient)
        return gradient[ctx.first : ctx.first + ctx.count], None, None


class _Lost(RelclipError):
    """Another process has ended."""


@contextmanager
def _exchange() -> Iterator[None]:
    """Whatever the backends raise, one cause is usual: another process is gone."""
    try:
        yield
    except RuntimeError as error:
        reason = one_line(error, 120)
        raise _Lost(
            f"another process of this training ended or cannot be reached ({reason}); see its message, then run the "
            "same command again: it goes on from the last checkpoint"
        ) from None


@contextmanager
def joined(device: str) -> Iterator[tuple[World, str]]:
    """This process's place among those that torchrun started, and the name of its device, while they train together.

    Without torchrun: alone, and `device` as it was given. A process that fails ends all: torchrun sees to that, and
    one sentence is said, by the first process if it is concerned (`relclip.core.command`).
    """
    if not launched() or int(os.environ["WORLD_SIZE"]) == 1:
        yield ALONE, device
        return
    names = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE")
    world = World(*(int(os.environ[name]) for name in names))
    try:
        own = own_device(device, world)
        kind = best_device(own)
        with _exchange():
            backend, bound = ("nccl", kind) if kind.type == "cuda" else ("gloo", None)
            dist.init_process_group(backend, timeout=LONGEST_WAIT, device_id=bound)
        yield world, own
        with _exchange():
            dist.barrier()
    except _Lost:
        let_others_speak()  # whoever ended has said why
        raise
    dist.destroy_process_group()


def own_device(device: str, world: World) -> str:
    """The device of one of several processes: a GPU each, or the CPU that all share. Raises InputError."""
    gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if device == "cpu" or (device == "auto" and not gpus):
        return "cpu"
    if device not in {"auto", "cuda"}:
        raise InputError(
            f"with several processes each takes a device of its own; '{device}' is one: give auto or cpu"
        )
    if world.local_size > gpus:
        raise InputError(
            f"torchrun started {world.local_size} processes on a machine with {gpus} GPUs; give --nproc-per-node {gpus}"
            if gpus
            else "the device 'cuda' is not there; give auto or cpu"
        )
    group = ":".join(os.environ.get(name, "") for name in ("MASTER_ADDR", "MASTER_PORT"))
    return f"cuda:{freest(names_of_cards(), group[-32:], world.local)}"
