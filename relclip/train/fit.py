"""One training from its first step, or its checkpoint, to its last: steps, curves, validation, early stopping."""

import copy
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from relclip.compute.checkpoint import FILE, Kept, resume, save_checkpoint
from relclip.compute.schedule import make_optimizer
from relclip.compute.world import World
from relclip.core.ordered import in_order
from relclip.core.progress import progress
from relclip.model import with_room
from relclip.tracking.curves import Curves
from relclip.tracking.recorder import Recorder
from relclip.train.minibatch import Minibatch, draw
from relclip.train.steps import Steps, learning_rate
from relclip.train.trainer import Share, Trainer
from relclip.train.validate import WATCHED, Validation


@dataclass(eq=False)
class EarlyStopping:
    """Counts the validations since the best, the earliest of equals, whose state it keeps.

    Without `patience` nothing is kept and no training ends early.
    """

    patience: int | None
    modules: tuple[nn.Module, ...]
    waited: int = 0
    best: dict[str, Any] | None = None

    def see(self, step: int, validation: Mapping[str, float]) -> None:
        """Take note of what was measured on validation images after `step`."""
        if self.patience is None or not validation:
            return
        if self.best is not None and validation[WATCHED] <= self.best["validation"][WATCHED]:
            self.waited += 1
            return
        weights = [copy.deepcopy(module.state_dict()) for module in self.modules]
        self.waited, self.best = 0, {"step": step, "validation": dict(validation), "weights": weights}

    @property
    def over(self) -> bool:
        """Whether recall has not risen for `patience` validations."""
        return self.patience is not None and self.waited >= self.patience

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint needs to keep."""
        return {"waited": self.waited, "best": self.best}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a checkpoint."""
        self.waited, self.best = state["waited"], state["best"]

    def take_best(self, steps: int) -> dict[str, float]:
        """Put the best state into the modules; returns what was measured of it, and after how many of all `steps`."""
        if self.best is None:
            return {}
        for module, weights in zip(self.modules, self.best["weights"], strict=True):
            module.load_state_dict(weights)
        return {**self.best["validation"], "iterations": steps, "best_iteration": self.best["step"]}


#: Part of every checkpoint's digest; raise it when a step comes to compute something else.
VERSION = 4
CURVES = ("loss", "loss_object", "loss_predicate", "loss_rcl", "temperature")


def make_curves(recorder: Recorder) -> Curves:
    """Curves of a training without a point."""
    advice = "lower train.learning_rate, set train.gradient_clip, or look for broken values in the features"
    return Curves(recorder, CURVES, advice)


@dataclass(frozen=True)
class Ended:
    """How a training ended: after how many steps, and what statistics.json says of the network that is left."""

    steps: int
    statistics: dict[str, float]


def fit(
    trainer: Trainer,
    validation: Validation,
    curves: Curves,
    folder: Path,
    digest: str,
    *,
    keep_last: bool = False,
) -> Ended:
    """Train to the last step, from the checkpoint in `folder` if it carries `digest`, leaving one there as it goes.

    Under `early_stopping` the last step may come before `iterations`, and the best network is left in the trainer.
    `keep_last`: leave a checkpoint of the last step too, so that another call has nothing left to do.
    """
    params, model, world = trainer.params, trainer.model, trainer.world
    optimizer = make_optimizer(params, trainer.weights)
    stopping = EarlyStopping(params.early_stopping, (model, trainer.contrast))
    kept: dict[str, Kept] = {"model": model, "contrast": trainer.contrast, "optimizer": optimizer}
    kept |= {"curves": curves, "stopping": stopping}
    done = first = _begin(trainer, folder / FILE, digest, kept)
    steps = range(first, first if stopping.over else params.iterations)
    shown = progress(steps, f"train {folder.name}", "iteration", total=params.iterations, start=first)
    run = Steps(trainer, optimizer)
    for step, whole, share in ahead(trainer, shown):
        losses = run(whole, share, learning_rate(params, step, curves.measured(WATCHED)))
        done = step + 1
        last = done == params.iterations
        measured = validation.shared(model, world) if last or done % params.validate_every == 0 else {}
        stopping.see(done, measured)
        last = last or stopping.over
        curves.step(done, {**vars(losses), "temperature": trainer.contrast.temperature}, last)
        curves.validation(done, measured)
        if world.first and (done % params.checkpoint_every == 0 or (keep_last and last)):
            save_checkpoint(folder / FILE, digest, done, kept)
        if stopping.over:
            _say(
                world, f"train {folder.name}: recall on validation has stopped rising after {done} iterations"
            )
            break
    return Ended(done, stopping.take_best(done) or curves.last_validation())


def _begin(trainer: Trainer, checkpoint: Path, digest: str, kept: Mapping[str, Kept]) -> int:
    """Let all processes begin with the same numbers, those of the checkpoint where it fits; returns its step."""
    model, world, device = trainer.model, trainer.world, trainer.regions.device
    first = resume(checkpoint, digest, device, kept)
    world.agree(first, device, "the step of their checkpoint; give all the same --checkpoints")
    world.copy_first([*model.state_dict().values(), *trainer.contrast.state_dict().values()])
    model.train(not trainer.frozen)
    return first


def _say(world: World, sentence: str) -> None:
    if world.first:
        print(sentence, file=sys.stderr, flush=True)


def ahead(
    trainer: Trainer, steps: Iterable[int], early: bool | None = None
) -> Iterator[tuple[int, Minibatch, Share]]:
    """Each step with what this process computes of it.

    early: a thread makes the next ones ready and sends them to the device meanwhile; none said: on a GPU.
    """
    device = trainer.regions.device
    on_gpu = device.type == "cuda"

    def ready(step: int) -> tuple[int, Minibatch, Share]:
        with torch.cuda.device(device) if on_gpu else nullcontext():  # a thread begins on the first GPU
            whole = draw(trainer.params, trainer.training_set, step)
            return step, whole, with_room(lambda: trainer.share(whole, step))

    return in_order(ready, steps, 1) if (on_gpu if early is None else early) else map(ready, steps)
