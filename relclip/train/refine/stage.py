"""Refining a trained run: its folder and the files of `train` in; the files of `train` and labels.parquet out."""

from pathlib import Path
from typing import Any

from relclip.core.params.train import Refined
from relclip.train.inputs import Inputs
from relclip.train.labels import Labels
from relclip.train.phases import Phases
from relclip.train.refine.artifact import Captions, write_labels
from relclip.train.refine.ba_sgg import ba_sgg
from relclip.train.refine.task import load_task
from relclip.train.refine.visualds import visualds, visualds_semi
from relclip.train.stage import Trained, train_run

METHODS = {"visualds": visualds, "visualds_semi": visualds_semi, "ba_sgg": ba_sgg}


def refine_run(run: str, params: Refined, start: Path, *, inputs: Inputs, **options: Any) -> str:
    """Train `run` from where the run in the folder `start` ended; `options`, answer and errors are `train_run`'s."""

    def method(candidates: Labels, phases: Phases) -> Trained:
        material = phases.material
        task = load_task(run, params, start, inputs=inputs, material=material, candidates=candidates)
        made = METHODS[params.method](task, phases)
        captions = Captions(inputs.kb, params.kb, params.seed) if params.supervision != "full" else None

        def write_more(folder: Path) -> None:
            write_labels(folder / "labels.parquet", material.images, candidates, made.sources, captions)

        return Trained(made.model, made.counts, write_more)

    return train_run(run, params, inputs, start=start, method=method, **options)
