"""Work that is too much for the device's memory is done in halves, and said so in one line."""

import gc
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import torch
from torch import Tensor

from relclip.core.errors import OutOfMemory, is_out_of_memory
from relclip.core.process import say

Result = TypeVar("Result")


def attempt(function: Callable[[], Result]) -> Result | None:
    """`function()`, or None where memory did not suffice: by then the traceback is gone, which keeps tensors alive."""
    try:
        return function()
    except Exception as error:
        if not is_out_of_memory(error):
            raise
    return None


@contextmanager
def told_in_a_sentence(advice: str) -> Iterator[None]:
    """Raise OutOfMemory, with `advice`, instead of what torch and Python raise where memory does not suffice."""
    try:
        yield
    except Exception as error:
        if not is_out_of_memory(error):
            raise
    else:
        return
    raise OutOfMemory(f"out of memory; {advice}")


def free_what_is_left() -> None:
    """Give back what a failed attempt left behind, so that a smaller one finds room."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def say_halved(what: str, unit: str, tried: int, left: int, setting: str) -> None:
    """Say, in one line, that work goes on in smaller pieces; `setting` is the parameter that starts smaller, if any."""
    advice = f" (lower {setting} to start there)" if setting else ""
    say(f"{what}: out of memory with {tried} {unit}s at once; going on with {left}{advice}")


class Halving:
    """Applies functions to batches; what does not fit is halved, and later batches are no larger than what did fit.

    Safe to use from several threads: `most` is shared by them, and each repeats what failed.
    """

    def __init__(self, what: str, unit: str, setting: str = "") -> None:
        self.what, self.unit, self.setting = what, unit, setting
        self.most: int | None = None
        self._lock = threading.Lock()

    def __call__(self, function: Callable[[Any], Result], batch: Tensor | Sequence[Any]) -> list[Result]:
        """`function` of the batch, in as many pieces as it takes, in order. Raises OutOfMemory if one is too much."""
        pieces: list[Result] = []
        done = 0
        while done < len(batch):
            size = min(self.most or len(batch), len(batch) - done)
            try:
                pieces.append(function(batch[done : done + size]))
            except Exception as error:
                if not is_out_of_memory(error):
                    raise
            else:
                done += size
                continue
            self._halve(size)  # outside of the except clause, whose traceback keeps the tensors alive
        return pieces

    def _halve(self, tried: int) -> None:
        free_what_is_left()
        with self._lock:
            if tried == 1:
                raise OutOfMemory(
                    f"{self.what}: memory does not hold even one {self.unit}; free some of it (other programs on the "
                    "device, fewer --threads), or hide the GPU (CUDA_VISIBLE_DEVICES= before the command)"
                )
            if self.most is None or tried // 2 < self.most:
                self.most = tried // 2
                say_halved(self.what, self.unit, tried, self.most, self.setting)
