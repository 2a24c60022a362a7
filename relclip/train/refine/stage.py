"""Refining a trained run: its folder and the files of `train` in; the files of `train` and labels.parquet out."""

from pathlib import Path
from typing import Any

from relclip.compute.world import ALONE, World
from relclip.core.atomic import atomic_folder
from relclip.core.params.train import Refined
from relclip.core.parquet import RELATIONS, read_table
from relclip.model import Regions
from relclip.tracking.recorder import Recorder, Silent
from relclip.train.inputs import Inputs
from relclip.train.labels import full_labels
from relclip.train.refine.artifact import Captions, write_labels
from relclip.train.refine.ba_sgg import ba_sgg
from relclip.train.refine.method import Task
from relclip.train.refine.phases import Phases
from relclip.train.refine.start import load_start
from relclip.train.refine.visualds import visualds, visualds_semi
from relclip.train.setup import supervise
from relclip.train.stage import (
    Material,
    about_run,
    finish,
    input_digests,
    read_material,
    read_validation,
    training_digest,
    write_model,
)

METHODS = {"visualds": visualds, "visualds_semi": visualds_semi, "ba_sgg": ba_sgg}


def refine_run(
    run: str,
    params: Refined,
    start: Path,
    *,
    inputs: Inputs,
    checkpoints: Path,
    output: Path,
    recorder: Recorder | None = None,
    device: str = "auto",
    threads: int | None = None,
    world: World = ALONE,
) -> str:
    """Refine the run in the folder `start` and write `output`, whole or not at all; returns model.safetensors' digest.

    In a `world` of several processes all call this; the first alone writes, the others return nothing ('').

    On a CPU the same inputs, parameters and number of threads give the same bytes, also after a kill and a resume
    from `checkpoints / run`. Raises ContractError, InputError, ParamsError.
    """
    recorder = recorder or Silent()
    material = read_material(params, inputs, device, threads, world)
    task, counts = _task(run, params, start, inputs, material)
    captions = Captions(inputs.kb, params.kb, params.seed) if params.supervision != "full" else None
    files = [*inputs.files(params), start / "model.safetensors", start / "config.json"]
    files += [inputs.kb / "evidence.parquet"] if captions else []
    digests = input_digests(list(dict.fromkeys(files)), recorder)
    phases = Phases(
        material,
        Regions(material.images, params.roi_size, material.device),
        read_validation(params, inputs, material.device),
        recorder,
        checkpoints / run,
        training_digest(params, digests, material.device),
    )
    made = METHODS[params.method](task, phases)
    if not world.first:
        return ""
    about = about_run(run, params, material.vocabulary, digests)
    with atomic_folder(output) as folder:
        write_model(folder, made.model, phases.curves, about, {**counts, **made.counts, **phases.statistics})
        write_labels(folder / "labels.parquet", material.images, task.candidates, made.sources, captions)
    return finish(output, checkpoints / run, recorder)


def _task(
    run: str, params: Refined, start: Path, inputs: Inputs, material: Material
) -> tuple[Task, dict[str, Any]]:
    """What is refined, and what was counted when its candidates were labelled."""
    images, vocabulary = material.images, material.vocabulary
    begun = load_start(
        run, start, params, vocabulary=vocabulary, channels=images.maps.shape[3], device=material.device
    )
    candidates, counts = supervise(images, params, inputs, vocabulary)
    annotated = None
    if params.method == "visualds_semi":
        annotated, _ = full_labels(images, read_table(inputs.dataset / "relations.parquet", RELATIONS))
    return Task(params, begun, candidates, vocabulary.predicates, annotated), counts
