"""One training from its first step, or its checkpoint, to its last: steps, curves, validation, checkpoints."""

from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import torch

from relclip.compute.checkpoint import load_checkpoint, save_checkpoint
from relclip.core.ordered import in_order
from relclip.core.progress import progress
from relclip.tracking.curves import Curves
from relclip.train.drawn import Drawn, draw
from relclip.train.optimiser import make_optimizer
from relclip.train.schedule import learning_rate
from relclip.train.steps import Steps
from relclip.train.trainer import Share, Trainer
from relclip.train.validate import WATCHED, Validation

#: Part of every checkpoint's digest; raise it when a step comes to compute something else.
VERSION = 2


def fit(
    trainer: Trainer,
    validation: Validation,
    curves: Curves,
    folder: Path,
    digest: str,
    *,
    keep_last: bool = False,
) -> None:
    """Train to the last step, from the checkpoint in `folder` if it carries `digest`, leaving one there as it goes.

    `keep_last`: leave one of the last step too, so that another call has nothing left to do.
    """
    params, model, world = trainer.params, trainer.model, trainer.world
    optimizer = make_optimizer(params, (model, trainer.contrast))
    state = load_checkpoint(folder, digest, trainer.regions.device)
    first = _restore(state, trainer, optimizer, curves) if state else 0
    world.agree(
        first, trainer.regions.device, "the step of their checkpoint; give all the same --checkpoints"
    )
    world.copy_first([*model.state_dict().values(), *trainer.contrast.state_dict().values()])
    model.train(not trainer.frozen)
    steps = range(first, params.iterations)
    shown = progress(steps, f"train {folder.name}", "iteration", total=params.iterations, start=first)
    run = Steps(trainer, optimizer)
    for step, whole, share in ahead(trainer, shown):
        losses = run(whole, share, learning_rate(params, step, curves.measured(WATCHED)))
        done = step + 1
        curves.step(done, losses, last=done == params.iterations)
        if not world.first:
            continue
        if done % params.validate_every == 0 or done == params.iterations:
            curves.validation(done, validation(model))
        if done % params.checkpoint_every == 0 or (keep_last and done == params.iterations):
            save_checkpoint(folder, digest, _state(done, trainer, optimizer, curves))


def ahead(
    trainer: Trainer, steps: Iterable[int], early: bool | None = None
) -> Iterator[tuple[int, Drawn, Share]]:
    """Each step with what this process computes of it.

    early: a thread makes the next ones ready and sends them to the device meanwhile; none said: on a GPU.
    """
    device = trainer.regions.device
    on_gpu = device.type == "cuda"

    def ready(step: int) -> tuple[int, Drawn, Share]:
        with torch.cuda.device(device) if on_gpu else nullcontext():  # a thread begins on the first GPU
            whole = draw(trainer.params, trainer.teacher, step)
            return step, whole, trainer.share(whole, step)

    return in_order(ready, steps, 1) if (on_gpu if early is None else early) else map(ready, steps)


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
