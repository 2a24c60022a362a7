"""The `train` stage: files in; model.safetensors, config.json, curves.csv and statistics.json out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch

from relclip.compute.checkpoint import remove_checkpoint, state_digest
from relclip.compute.world import ALONE, World
from relclip.core.atomic import write_json
from relclip.core.digest import check_maps, file_digest, made_folder
from relclip.core.errors import ContractError, no_file
from relclip.core.params.train import Train
from relclip.core.parquet import RELATIONS, read_table
from relclip.core.trained import WEIGHTS
from relclip.core.vocabulary import Vocabulary
from relclip.model import ImageSet, Model, Regions, save_model
from relclip.tracking.recorder import Recorder, Silent
from relclip.train.fit import VERSION
from relclip.train.inputs import Inputs
from relclip.train.labels import Labels, supervise
from relclip.train.phases import Phases
from relclip.train.setup import needs_words, read_material
from relclip.train.validate import Validation
from relclip.train.withheld import held_out_ids, without_predicates


@dataclass(frozen=True, eq=False)
class Trained:
    """What a run made: a network, what was counted, what else to write into its folder."""

    model: Model
    counts: Mapping[str, Any] = field(default_factory=dict)
    write_more: Callable[[Path], None] = lambda folder: None


#: Trains from the labels of a run, phase after phase.
Method = Callable[[Labels, Phases], Trained]


def train_run(
    run: str,
    params: Train,
    inputs: Inputs,
    checkpoints: Path,
    output: Path,
    *,
    start: Path | None = None,
    method: Method | None = None,
    recorder: Recorder | None = None,
    device: str = "auto",
    threads: int | None = None,
    world: World = ALONE,
) -> str:
    """Train `run` and write its folder `output`, whole or not at all; returns the digest of model.safetensors.

    `method`: what is trained from the labels, where that is more than one network from nothing; `start`: the folder of
    the run that it goes on from.
    In a `world` of several processes all call this; the first alone writes, the others return nothing ('').
    On a CPU the same inputs, parameters and number of threads give the same bytes, also after a kill and a resume
    from `checkpoints / run`. Raises ContractError, InputError, ParamsError.
    """
    recorder = recorder or Silent()
    material = read_material(params, inputs, device, threads, world)
    labels, counts = supervise(material.images, params, inputs, material.vocabulary)
    digests = input_digests(inputs.files(params, start, words=needs_words(params)))
    phases = Phases(
        material=material,
        regions=Regions(material.images, params.roi_size, material.device),
        validation=read_validation(params, inputs, material.vocabulary, material.device),
        recorder=recorder,
        folder=checkpoints / run,
        digest=training_digest(params, digests, material.device),
    )
    trained = method(labels, phases) if method else Trained(phases.train(params, labels))
    if not world.first:
        return ""
    about = about_run(run, params, material.vocabulary, digests)
    with made_folder(output) as folder:
        statistics = {**counts, **trained.counts, **phases.statistics}
        write_model(folder, trained.model, phases, about, statistics)
        trained.write_more(folder)
    return finish(output, checkpoints / run, recorder)


def finish(output: Path, checkpoint: Path, recorder: Recorder) -> str:
    """Remove the checkpoints of a training whose files are written; the recorder is told the model's digest."""
    remove_checkpoint(checkpoint)
    model_digest = file_digest(output / WEIGHTS)
    recorder.tags({"model_sha256": model_digest})
    return model_digest


def read_validation(
    params: Train, inputs: Inputs, vocabulary: Vocabulary, device: torch.device
) -> Validation:
    """Read the validation images, judged by the run's `rank_by`; nothing held out is looked at."""
    regions = Regions(ImageSet.load(inputs.dataset, inputs.features, "val"), params.roi_size, device)
    relations = read_table(inputs.dataset / "relations.parquet", RELATIONS)
    relations = without_predicates(relations, held_out_ids(params, vocabulary))
    return Validation.of(regions, relations, params.validate_images, params.rank_by, params.precision)


def input_digests(files: Sequence[Path]) -> dict[str, str]:
    """SHA-256 of the files that a training reads, by `folder/file`.

    Raises ContractError for a file that is not there, and for patch maps that a disk damaged.
    """
    for path in files:
        if not path.is_file():
            raise ContractError(f"{path} {no_file(path)}; run the stage that writes it first")
    found = {path: file_digest(path) for path in files}
    for path, digest in found.items():
        if path.name == "maps.npy":
            check_maps(path.parent, digest)
    return {str(path.relative_to(path.parents[1])): digest for path, digest in found.items()}


def training_digest(params: Train, inputs: Mapping[str, str], device: torch.device) -> str:
    """What the checkpoints of a training belong to; any number of processes may go on from them."""
    content = {
        "params": params.model_dump(exclude={"processes"}),
        "inputs": dict(inputs),
        "device": device.type,
    }
    return state_digest(VERSION, content)


def about_run(run: str, params: Train, vocabulary: Vocabulary, digests: Mapping[str, str]) -> dict[str, Any]:
    """What config.json says beside the model's own configuration."""
    return {
        "run": run,
        "train": params.model_dump(),
        "vocabulary": asdict(vocabulary),
        "inputs": dict(digests),
    }


def write_model(
    folder: Path, model: Model, phases: Phases, about: Mapping[str, Any], statistics: Mapping[str, Any]
) -> None:
    """Write model.safetensors, config.json, curves.csv and statistics.json into `folder`."""
    save_model(model, folder, about, phases.contrast)
    phases.curves.write(folder / "curves.csv")
    write_json(folder / "statistics.json", statistics)
