"""The `train` stage: files in, model.safetensors, config.json, curves.csv and statistics.json out."""

from dataclasses import asdict
from pathlib import Path

import torch

from relclip.core.atomic import atomic_folder, write_json
from relclip.core.device import best_device, prepare
from relclip.core.digest import file_digest
from relclip.core.memory import keep_freed_memory
from relclip.core.model import ImageSet, Regions, save_model
from relclip.core.params import Train
from relclip.core.parquet import RELATIONS, read_table
from relclip.core.tracking import Recorder, Silent
from relclip.core.vocabulary import load_vocabulary
from relclip.train.checkpoint import remove_checkpoint, state_digest
from relclip.train.curves import Curves
from relclip.train.inputs import Inputs, needs_words
from relclip.train.language import load_phrases, load_prompts
from relclip.train.setup import make_trainer, supervise
from relclip.train.trainer import fit
from relclip.train.validate import Validation


def train_run(
    run: str,
    params: Train,
    inputs: Inputs,
    checkpoints: Path,
    output: Path,
    *,
    recorder: Recorder | None = None,
    device: str = "auto",
    threads: int | None = None,
) -> str:
    """Train `run` and write its folder `output`, whole or not at all; returns the digest of model.safetensors.

    On a CPU the same inputs, parameters and number of threads give the same bytes, also after a kill and a resume
    from `checkpoints / run`. Raises ContractError, InputError, ParamsError.
    """
    recorder = recorder or Silent()
    prepare(params.seed, threads)
    keep_freed_memory()
    place = best_device(device)
    vocabulary = load_vocabulary(inputs.dataset / "vocabulary.json")
    images = ImageSet.load(inputs.dataset, inputs.features, "train")
    labels, counts = supervise(images, params, inputs, vocabulary)
    prompts = load_prompts(inputs.prompts, vocabulary, place)
    phrases = load_phrases(inputs.words, vocabulary, place) if needs_words(params) else None
    trainer = make_trainer(
        params, images, labels, prompts=prompts, phrases=phrases, vocabulary=vocabulary, device=place
    )
    digests = {str(path.relative_to(path.parents[1])): file_digest(path) for path in inputs.files(params)}
    recorder.tags({f"sha256 {name}": digest for name, digest in digests.items()})
    curves = Curves(recorder)
    digest = state_digest({"params": params.model_dump(), "inputs": digests, "device": place.type})
    fit(trainer, _validation(params, inputs, place), curves, checkpoints / run, digest)
    about = {"run": run, "train": params.model_dump(), "vocabulary": asdict(vocabulary), "inputs": digests}
    with atomic_folder(output) as folder:
        save_model(trainer.model, folder, about)
        curves.write(folder / "curves.csv")
        write_json(folder / "statistics.json", {**counts, **_last_validation(curves)})
    remove_checkpoint(checkpoints / run)
    model_digest = file_digest(output / "model.safetensors")
    recorder.tags({"model_sha256": model_digest})
    return model_digest


def _validation(params: Train, inputs: Inputs, device: torch.device) -> Validation:
    regions = Regions(ImageSet.load(inputs.dataset, inputs.features, "val"), params.roi_size, device)
    relations = read_table(inputs.dataset / "relations.parquet", RELATIONS)
    return Validation.of(regions, relations, params.validate_images)


def _last_validation(curves: Curves) -> dict[str, float]:
    found = [
        {name: value for name, value in point.items() if name.startswith("val_")} for point in curves.points
    ]
    return next((values for values in reversed(found) if values), {})
