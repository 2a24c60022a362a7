"""The losses of a training as means over a few steps, told to the recorder and written as CSV."""

import math
from collections.abc import Iterable, Sequence
from pathlib import Path

import torch
from torch import Tensor

from relclip.core.atomic import write_text
from relclip.core.errors import ParamsError
from relclip.core.recorder import Recorder

LOSSES = ("loss", "loss_classifier", "loss_box_reg", "loss_objectness", "loss_rpn_box_reg")
STEPS_A_POINT = 10
Point = list[float]  # step, then the values of LOSSES


class Curves:
    """Collects losses on the device, so that a GPU does not wait at every step."""

    def __init__(self, recorder: Recorder) -> None:
        self.points: list[Point] = []
        self.waiting: list[Tensor] = []
        self._recorder = recorder

    def restore(self, points: Iterable[Point], waiting: Iterable[Tensor]) -> None:
        """Go on from a checkpoint."""
        self.waiting = list(waiting)
        for point in points:
            self._add(list(point))

    def step(self, step: int, losses: Sequence[Tensor], last: bool) -> None:
        """Add the values of LOSSES of `step` (from 1). Raises ParamsError where the loss is no number any more."""
        self.waiting.append(torch.stack([loss.detach().float() for loss in losses]))
        if step % STEPS_A_POINT and not last:
            return
        means = torch.stack(self.waiting).mean(dim=0).tolist()
        self.waiting.clear()
        self._add([step, *means])
        if not math.isfinite(means[0]):
            raise ParamsError(
                f"the detector's loss is not a number after {step} steps; lower detector.learning_rate"
            )

    def write(self, path: Path) -> None:
        """Write all points, one line each; only the heading where nothing was trained."""
        lines = [",".join(("step", *LOSSES))]
        lines += [",".join(f"{value:.6g}" for value in point) for point in self.points]
        write_text(path, "\n".join(lines) + "\n")

    def _add(self, point: Point) -> None:
        self.points.append(point)
        self._recorder.metrics(dict(zip(LOSSES, point[1:], strict=True)), int(point[0]))
