"""The `train` stage: files in, model.safetensors, config.json, curves.csv and statistics.json out."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from relclip.core.atomic import atomic_folder, write_json
from relclip.core.device import best_device, prepare
from relclip.core.digest import file_digest
from relclip.core.errors import ParamsError
from relclip.core.memory import keep_freed_memory
from relclip.core.model import ImageSet, ModelConfig, Regions, RelCLIP, save_model
from relclip.core.params import Train
from relclip.core.parquet import EXT_SCORES, RELATIONS, TRIPLETS, read_table
from relclip.core.tracking import Recorder, Silent
from relclip.core.vocabulary import Vocabulary, load_vocabulary
from relclip.train.checkpoint import remove_checkpoint, state_digest
from relclip.train.contrast import RelationalContrast
from relclip.train.curves import Curves
from relclip.train.labels import Labels, check_ids, full_labels, kb_ext_labels, kb_labels
from relclip.train.language import Phrases, Prompts, load_phrases, load_prompts
from relclip.train.targets import Teacher
from relclip.train.trainer import Trainer, fit
from relclip.train.validate import Validation

MAPS_FOR_CHANNELS = 256


@dataclass(frozen=True)
class Inputs:
    """Folders of the stages before; `kb` and `ext` are read only where the supervision needs them."""

    dataset: Path
    features: Path
    prompts: Path
    words: Path
    kb: Path
    ext: Path

    def files(self, params: Train) -> list[Path]:
        """The files that this training reads, whatever its seed."""
        files = [
            self.dataset / f"{name}" for name in ("vocabulary.json", "images.parquet", "objects.parquet")
        ]
        files += [
            self.dataset / "relations.parquet",
            self.features / "images.parquet",
            self.features / "maps.npy",
        ]
        files += [self.prompts / name for name in ("objects.npy", "triplets.parquet", "triplets.npy")]
        files += [self.words / "phrases.safetensors"] if _samples(params) else []
        files += [self.kb / "triplets.parquet"] if params.supervision != "full" else []
        return files + ([self.ext / "scores.parquet"] if params.supervision == "kb+ext" else [])


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
    phrases = load_phrases(inputs.words, vocabulary, place) if _samples(params) else None
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


def supervise(
    images: ImageSet, params: Train, inputs: Inputs, vocabulary: Vocabulary
) -> tuple[Labels, dict[str, Any]]:
    """Label the pairs of the train images as `supervision` says; also what was counted on the way."""
    dropped = 0
    relations = read_table(inputs.dataset / "relations.parquet", RELATIONS)
    check_ids(images.class_ids, len(vocabulary.objects), "objects.parquet: class_id")
    check_ids(
        relations["predicate_id"].to_numpy(), len(vocabulary.predicates), "relations.parquet: predicate_id"
    )
    if params.supervision == "full":
        labels, dropped = full_labels(images, relations)
    else:
        triplets = read_table(inputs.kb / "triplets.parquet", TRIPLETS)
        labels = kb_labels(images, triplets, len(vocabulary.objects), len(vocabulary.predicates))
    if params.supervision == "kb+ext":
        labels = kb_ext_labels(images, labels, read_table(inputs.ext / "scores.parquet", EXT_SCORES))
    weight = np.bincount(labels.predicates, labels.weights, len(vocabulary.predicates) + 1)[1:]
    return labels, {
        "images": len(images),
        "pairs": len(images.pairs),
        "labelled_pairs": int((labels.row >= 0).sum()),
        "possible_labels": len(labels.predicates),
        "relations_without_overlap": dropped,
        "label_weight": dict(zip(vocabulary.predicates, weight.round(2).tolist(), strict=True)),
    }


def make_trainer(
    params: Train,
    images: ImageSet,
    labels: Labels,
    *,
    prompts: Prompts,
    phrases: Phrases | None,
    vocabulary: Vocabulary,
    device: torch.device,
) -> Trainer:
    """Put network, contrast and targets together. Raises ParamsError where the sizes cannot work."""
    text_dimension = prompts.objects.shape[1]
    if params.rcl.level != "none" and params.dimension != text_dimension:
        raise ParamsError(
            f"train.dimension is {params.dimension} but the prompts have {text_dimension} numbers; RelCLIP compares "
            f"the two, so set train.dimension to {text_dimension} (or rcl.level to none)"
        )
    if params.dimension % params.heads:
        raise ParamsError(
            f"train.dimension {params.dimension} is no multiple of train.heads {params.heads}; change one of the two"
        )
    model = RelCLIP(
        ModelConfig(
            object_classes=len(vocabulary.objects),
            predicates=len(vocabulary.predicates),
            channels=images.maps.shape[3],
            text_dimension=text_dimension,
            dimension=params.dimension,
            heads=params.heads,
            roi_size=params.roi_size,
            dropout=params.dropout,
            use_labels=params.use_labels,
            object_features=params.object_features,
        )
    )
    model.set_channels(*channel_statistics(images))
    if params.use_labels == "text":
        model.label_text.copy_(prompts.objects)
    rcl = params.rcl
    contrast = RelationalContrast(
        rcl.level, text_dimension, rcl.gamma, rcl.temperature, rcl.learn_temperature
    )
    regions = Regions(images, params.roi_size, device)
    teacher = Teacher(images, labels, prompts)
    return Trainer(params, model.to(device), contrast.to(device), regions, teacher, prompts, phrases)


def channel_statistics(images: ImageSet) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean and standard deviation of each channel, (C,), over maps spread evenly over the image set."""
    rows = images.map_rows[
        np.linspace(0, len(images) - 1, min(len(images), MAPS_FOR_CHANNELS)).astype(np.int64)
    ]
    cells = images.maps[np.sort(rows)].reshape(-1, images.maps.shape[3]).astype(np.float32)
    scale = np.maximum(cells.std(axis=0, dtype=np.float64), 1e-6)
    return torch.from_numpy(cells.mean(axis=0, dtype=np.float64)), torch.from_numpy(scale)


def _validation(params: Train, inputs: Inputs, device: torch.device) -> Validation:
    regions = Regions(ImageSet.load(inputs.dataset, inputs.features, "val"), params.roi_size, device)
    relations = read_table(inputs.dataset / "relations.parquet", RELATIONS)
    return Validation.of(regions, relations, params.validate_images)


def _last_validation(curves: Curves) -> dict[str, float]:
    found = [
        {name: value for name, value in point.items() if name.startswith("val_")} for point in curves.points
    ]
    return next((values for values in reversed(found) if values), {})


def _samples(params: Train) -> bool:
    """Whether word vectors are needed at all."""
    return params.rcl.level != "none" and params.sampling.enabled
