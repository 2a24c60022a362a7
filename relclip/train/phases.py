"""The trainings that a run is made of, one after another; each goes on where it was killed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from relclip.compute.checkpoint import state_digest
from relclip.core.params.train import Train
from relclip.model import Model, Projections, Regions
from relclip.tracking.curves import Curves
from relclip.tracking.recorder import Recorder, Silent
from relclip.train.fit import VERSION, fit, make_curves
from relclip.train.labels import Labels
from relclip.train.setup import Material, make_trainer
from relclip.train.validate import Validation, labelled_logits


class OffsetRecorder:
    """A recorder whose steps count on from those of the phases before."""

    def __init__(self, recorder: Recorder, before: int) -> None:
        self._recorder, self._before = recorder, before

    def metrics(self, values: Mapping[str, float], step: int = 0) -> None:
        """Record numbers at a step of this phase."""
        self._recorder.metrics(values, self._before + step)

    def tags(self, values: Mapping[str, str]) -> None:
        """Say what the run is."""
        self._recorder.tags(values)


@dataclass(eq=False)
class Phases:
    """Trains phase after phase on the same pictures; `curves` holds the points of all, their steps counted on."""

    material: Material
    regions: Regions
    validation: Validation
    recorder: Recorder
    folder: Path
    digest: str
    curves: Curves = field(default_factory=lambda: make_curves(Silent()))
    done: int = 0
    statistics: dict[str, float] = field(default_factory=dict)  # of the newest phase
    contrast: Projections | None = None  # what RCL learned in the newest phase

    def train(
        self,
        params: Train,
        labels: Labels,
        model: Model | None = None,
        *,
        name: str = "",
        weighted: bool | None = None,
        frozen: bool = False,
        last: bool = True,
    ) -> Model:
        """Train one phase and return its network: `model` gone on (only what requires a gradient), or a new one.

        A phase that is not the `last` leaves its end behind as a checkpoint, so that it is never trained twice; a run's
        only phase needs no `name`.
        """
        trainer = make_trainer(
            params,
            self.material,
            labels,
            model=model,
            weighted=weighted,
            regions=self.regions,
            frozen=frozen,
        )
        curves = make_curves(OffsetRecorder(self.recorder, self.done))
        content = {"run": self.digest, "phase": name, "params": params.model_dump(exclude={"processes"})}
        digest = state_digest(VERSION, content)
        ended = fit(trainer, self.validation, curves, self.folder / name, digest, keep_last=not last)
        self.curves.points += [{**point, "step": self.done + point["step"]} for point in curves.points]
        self.done += ended.steps
        self.statistics, self.contrast = ended.statistics, trainer.contrast
        return trainer.model

    def ask(self, model: Model, labels: Labels, params: Train, what: str) -> NDArray[np.float32]:
        """What the model says of the labelled pairs, as `labelled_logits` does; the same in every process."""
        logits = labelled_logits(model, self.regions, labels, what, params.precision)
        shared = torch.from_numpy(logits).to(self.material.device)
        self.material.world.copy_first([shared])
        return shared.cpu().numpy()
