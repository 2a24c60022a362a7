"""Early stopping: a training ends when recall on validation has stopped rising, and its best network is kept (D35)."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import nn

from relclip.train.validate import WATCHED


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

    def state(self) -> dict[str, Any]:
        """What a checkpoint needs to keep."""
        return {"waited": self.waited, "best": self.best}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a checkpoint."""
        self.waited, self.best = state["waited"], state["best"]

    def take_best(self, steps: int) -> dict[str, float]:
        """Put the best state into the modules; returns what was measured of it, and after how many of all `steps`."""
        if self.best is None:
            return {}
        for module, weights in zip(self.modules, self.best["weights"], strict=True):
            module.load_state_dict(weights)
        return {**self.best["validation"], "iterations": steps, "best_iteration": self.best["step"]}
