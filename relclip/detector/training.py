"""The steps of the training: batch, Faster R-CNN's four losses, update, curves, checkpoints."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from relclip.compute.checkpoint import FILE, Kept, resume, save_checkpoint
from relclip.compute.device import moved
from relclip.compute.schedule import batch_numbers, descend, make_optimizer, warm_cosine, warm_steps
from relclip.core.annotations import Annotations
from relclip.core.ordered import in_order
from relclip.core.params.detector import Detector
from relclip.core.progress import progress
from relclip.core.seeds import stream
from relclip.detector.pictures import Picture, Pictures, as_input
from relclip.tracking.curves import Curves

Example = tuple[Picture, dict[str, Tensor]]
#: The share of pictures that are mirrored. Which relations hold plays no role for the detector.
MIRRORED = 0.5
LONGEST_GRADIENT = 10.0
#: Part of every checkpoint's digest; raise it when a step comes to compute something else.
VERSION = 3
LOSSES = ("loss", "loss_classifier", "loss_box_reg", "loss_objectness", "loss_rpn_box_reg")


@dataclass(frozen=True)
class Examples:
    """The pictures to learn from, with their objects."""

    pictures: Pictures
    annotations: Annotations
    numbers: NDArray[np.int64]  # images with at least one object
    seed: int

    def batch(self, step: int, size: int) -> list[Example]:
        """The examples of `step` (from 0): shuffled epochs, one after another."""
        random = stream(self.seed, "detector", "mirror", step)
        numbers = batch_numbers(self.seed, step, len(self.numbers), size, "detector")
        mirrored = random.random(size) < MIRRORED
        return [
            self._example(int(self.numbers[number]), flip)
            for number, flip in zip(numbers, mirrored.tolist(), strict=True)
        ]

    def _example(self, number: int, flip: bool) -> Example:
        picture, rows = self.pictures[number], self.annotations.rows(number)
        boxes = torch.from_numpy(self.annotations.boxes[rows]) * picture.scale
        pixels = picture.pixels
        if flip:
            pixels, boxes = mirror(pixels, boxes)
        labels = torch.from_numpy(self.annotations.class_id[rows])
        return Picture(pixels, picture.width, picture.height), {"boxes": boxes, "labels": labels}


def mirror(pixels: Tensor, boxes: Tensor) -> tuple[Tensor, Tensor]:
    """Left becomes right: pixels (3, h, w), boxes (N, 4) xyxy in these pixels."""
    width = pixels.shape[2]
    x1, y1, x2, y2 = boxes.unbind(1)
    return pixels.flip(2), torch.stack([width - x2, y1, width - x1, y2], dim=1)


def fit(
    model: nn.Module,
    settings: Detector,
    examples: Examples,
    curves: Curves,
    *,
    checkpoint: Path,
    digest: str,
    device: torch.device,
    readers: int = 1,
) -> None:
    """Train to the last step, from `checkpoint` if it carries `digest`; `readers` threads fetch pictures ahead.

    The last step is kept as a checkpoint too: a kill during what follows costs no training.
    """
    optimizer = make_optimizer(settings, model.parameters())
    kept: dict[str, Kept] = {"model": model, "optimizer": optimizer, "curves": curves}
    first = resume(checkpoint / FILE, digest, device, kept)
    model.train()
    batches = fetch(examples, range(first, settings.iterations), settings.batch, readers)
    shown = progress(batches, "detector", "iteration", total=settings.iterations, start=first)
    for done, batch in enumerate(shown, first + 1):
        torch.manual_seed(int(stream(settings.seed, "detector", "step", done).integers(1 << 62)))
        losses = compute_losses(model, batch, device)
        update(model, optimizer, losses[0], learning_rate(settings, done - 1))
        last = done == settings.iterations
        curves.step(done, dict(zip(LOSSES, losses, strict=True)), last)
        if last or done % settings.checkpoint_every == 0:
            save_checkpoint(checkpoint / FILE, digest, done, kept)


def fetch(examples: Examples, steps: range, size: int, readers: int) -> Iterator[list[Example]]:
    """The batches of `steps`, in order."""
    return in_order(lambda step: examples.batch(step, size), steps, readers)


def compute_losses(model: nn.Module, batch: list[Example], device: torch.device) -> tuple[Tensor, ...]:
    """The values of LOSSES; the first, the sum of the others, is what is minimised.

    In float32, also on a GPU: torchvision keeps anchors, proposals and targets in the type of the maps, and bfloat16
    knows a pixel beyond 512 to four only.
    """
    pictures = [as_input(picture, device) for picture, _ in batch]
    targets = [{name: moved(value, device) for name, value in target.items()} for _, target in batch]
    found = model(pictures, targets)
    losses = [found[name] for name in LOSSES[1:]]
    return torch.stack(losses).sum(), *losses


def learning_rate(settings: Detector, step: int) -> float:
    """Learning rate of `step` (from 0)."""
    if isinstance(settings.schedule, str):
        return warm_cosine(settings.learning_rate, step, settings.iterations, settings.warmup)
    return warm_steps(settings.learning_rate, step, settings.schedule, settings.warmup)


def update(model: nn.Module, optimizer: torch.optim.Optimizer, loss: Tensor, rate: float) -> None:
    """One step down the gradient of `loss`."""
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), LONGEST_GRADIENT)
    descend(optimizer, rate)
