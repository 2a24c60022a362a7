"""The curves of a training: means of losses over a few steps, validation where it was measured; curves.csv."""

import csv
import io
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from relclip.core.atomic import write_text
from relclip.core.errors import ParamsError
from relclip.tracking.recorder import Recorder

STEPS_PER_POINT = 10

Point = dict[str, float]


class Curves:
    """Collects the losses of steps; every few steps they become one point, told to the recorder.

    Losses stay on the device until then, so that a GPU is not made to wait at every step. `losses` names them, what is
    minimised first; `advice` says what to do where that is no number any more.
    """

    def __init__(self, recorder: Recorder, losses: Sequence[str], advice: str) -> None:
        self.points: list[Point] = []
        self.waiting: list[Tensor] = []
        self._recorder, self._losses, self._advice = recorder, losses, advice

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint needs to keep."""
        return {"points": self.points, "waiting": self.waiting}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a checkpoint; its points are told to the recorder, which may be a new one."""
        self.waiting = list(state["waiting"])
        for point in state["points"]:
            self._add(dict(point))

    def step(self, step: int, losses: Mapping[str, Tensor], last: bool) -> None:
        """Add the losses of `step` (from 1). Raises ParamsError where the loss is no number any more."""
        self.waiting.append(torch.stack([losses[name].detach().float() for name in self._losses]))
        if step % STEPS_PER_POINT == 0 or last:
            means = torch.stack(self.waiting).mean(dim=0).tolist()
            self.waiting.clear()
            self._add({"step": step, **dict(zip(self._losses, means, strict=True))})
            if not math.isfinite(means[0]):
                raise ParamsError(f"the loss is not a number after {step} steps; {self._advice}")

    def validation(self, step: int, values: Mapping[str, float]) -> None:
        """Add what was measured on validation images after `step`."""
        if values:
            self._add({"step": step, **values})

    def last_validation(self) -> Point:
        """What was measured last on validation images; empty where nothing was."""
        found = [
            {name: value for name, value in point.items() if name.startswith("val_")} for point in self.points
        ]
        return next((values for values in reversed(found) if values), {})

    def measured(self, name: str) -> list[float]:
        """Every value of `name`, the first first."""
        return [point[name] for point in self.points if name in point]

    def write(self, path: Path) -> None:
        """Write all points as CSV, one line a step; what was not measured at a step is empty."""
        columns = list(
            dict.fromkeys(["step", *self._losses, *(name for point in self.points for name in point)])
        )
        merged: dict[float, Point] = {}
        for point in self.points:
            merged.setdefault(point["step"], {}).update(point)
        text = io.StringIO()
        writer = csv.DictWriter(text, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows({name: _number(value) for name, value in point.items()} for point in merged.values())
        write_text(path, text.getvalue())

    def _add(self, point: Point) -> None:
        self.points.append(point)
        self._recorder.metrics(
            {name: value for name, value in point.items() if name != "step"}, int(point["step"])
        )


def _number(value: float) -> str:
    return f"{value:.6g}"
