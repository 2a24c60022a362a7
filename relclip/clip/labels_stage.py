"""Make data/clip/labels: pre-train on the class labels of raw/pretrain, or take a model of timm."""

import difflib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from relclip.clip.batches import Sampler, cut_regions
from relclip.clip.descent import Tower
from relclip.clip.elsewhere import HUB, cached, reach
from relclip.clip.pretrain import Trainer
from relclip.clip.regions import Codes, Regions, read_regions
from relclip.clip.small import labels_config
from relclip.clip.stage import counts_of, split, write_trained
from relclip.clip.validate import encode_crops
from relclip.compute.device import best_device, moved, prepare
from relclip.core.accuracy import accuracy
from relclip.core.atomic import atomic_folder, write_json
from relclip.core.digest import file_digest, inputs_digest
from relclip.core.errors import InputError, errors_as, one_line
from relclip.core.ordered import available_threads
from relclip.core.params.clip import LabelsEncoder, Pretrain
from relclip.core.seeds import stream
from relclip.encoder.encoder import Encoder, save_encoder
from relclip.encoder.labels_encoder import LabelsModel, TimmTower, build_labels_model


def load_timm(settings: LabelsEncoder, folder: Path) -> None:
    """Write the model that `labels` names into `folder`, without its classifier, with statistics.json.

    Raises InputError where the model is unknown, cannot be downloaded, or the file does not fit it.
    """
    trunk = _model(settings)
    about: Any = trunk.pretrained_cfg
    size = int(about["input_size"][-1])
    trunk.reset_classifier(0)  # type: ignore[operator]
    config = {
        "model_cfg": {
            "embed_dim": trunk.num_features,
            "vision_cfg": {"timm_model_name": settings.model.split(".")[0], "image_size": size},
        },
        "preprocess_cfg": {"mean": list(about["mean"]), "std": list(about["std"]), "resize_mode": "squash"},
    }
    save_encoder(folder, LabelsModel(TimmTower(trunk, size)), config, tokenizer=None)
    state = {"source": "timm", "model": settings.model, "weights": settings.weights or about.get("hf_hub_id")}
    write_json(folder / "statistics.json", state)


def _model(settings: LabelsEncoder) -> nn.Module:
    """The model with its classifier and its weights."""
    import timm  # noqa: PLC0415

    name = settings.model
    if not timm.is_model(name):
        near = difflib.get_close_matches(name, timm.list_models(), n=3, cutoff=0.3)
        raise InputError(f"labels.model is '{name}', which timm does not have; nearest: {', '.join(near)}")
    if settings.weights is not None:
        return _from_file(name, Path(settings.weights))
    about = timm.get_pretrained_cfg(name)
    hub = (about and about.hf_hub_id) or "timm"
    with errors_as(
        lambda error: InputError(
            f"the weights of '{name}' could not be downloaded from {HUB}/{hub} ({one_line(error)}); on a machine "
            "with network fetch model.safetensors there, put the file anywhere here and set labels.weights to its path"
        )
    ):
        if not cached(hub, "model.safetensors"):
            reach(f"{HUB}/{hub}")
        return timm.create_model(name, pretrained=True)


def _from_file(name: str, weights: Path) -> nn.Module:
    import timm  # noqa: PLC0415

    if weights.suffix != ".safetensors" or not weights.is_file():
        raise InputError(f"labels.weights is {weights}, which is not the path of a .safetensors file")
    with errors_as(
        lambda error: InputError(
            f"{weights} does not load as timm's '{name}' ({one_line(error, 160)}); give that model's "
            "model.safetensors, or set labels.model to the file's model"
        )
    ):
        model = timm.create_model(name, pretrained=False)
        timm.models.load_checkpoint(model, str(weights), strict=True, weights_only=True)
    return model


def run(settings: LabelsEncoder, clip: Pretrain, raw: Path, output: Path, threads: int | None = None) -> None:
    """Make `output`: open_clip_config.json, open_clip_model.safetensors, (curve.csv), statistics.json.

    Pre-training takes everything but its number of steps from `clip`, the settings of the CLIP it is compared with.
    """
    workers = threads or available_threads()
    prepare(clip.seed, workers)
    if settings.source == "pretrain":
        pretrain(clip.model_copy(update={"steps": settings.steps}), raw / "pretrain", output, workers)
        return
    with atomic_folder(output) as folder:
        load_timm(settings, folder)


def pretrain(settings: Pretrain, source: Path, output: Path, workers: int) -> None:
    """Pre-train on the object crops of `source`. A checkpoint beside `output` is taken up after an interruption."""
    regions = only_objects(read_regions(source))
    trained, held_out = split(regions, settings.validation, settings.seed)
    classes, labels = name_classes(regions)
    pixels = cut_regions(regions, source, settings.image_size, workers)
    crops = Crops(pixels, torch.from_numpy(labels), classes, Sampler(regions, trained, settings.seed))
    config = labels_config(settings, classes)
    torch.manual_seed(settings.seed)
    mean, std = (torch.tensor(config["preprocess_cfg"][name]) for name in ("mean", "std"))
    trainer = LabelsTrainer(build_labels_model(config), settings, mean, std, device=best_device())
    corpus = file_digest(source / "region_descriptions.json")
    found = write_trained(
        output,
        trainer,
        lambda: trainer.label_step(crops),
        inputs_digest("labels", settings.model_dump_json(), corpus, str(workers), torch.__version__),
        built_of=(config, None),
        judge=lambda encoder: judge(encoder, crops, held_out),
        counts=counts_of(regions, trained, held_out),
    )
    print(f"labels: held-out {found['objects']}", flush=True)


@dataclass(frozen=True)
class Crops:
    """Object crops with their classes: pixels (R, 3, S, S) uint8, labels (R,) indexes of `classes`."""

    pixels: Tensor
    labels: Tensor
    classes: tuple[str, ...]
    sampler: Sampler


def only_objects(regions: Regions) -> Regions:
    """The regions that show one named object; what relations and sentences say stays unknown to this encoder."""
    kept = np.flatnonzero((regions.subject >= 0) & (regions.predicate < 0))
    if not len(kept):
        raise InputError(
            "raw/pretrain has no region of a single object with the hint 'subject'; run the raw stage with source "
            "scenes, or set labels.source to timm"
        )
    columns = ("image", "boxes", "subject", "predicate", "object")
    return replace(
        regions,
        phrases=tuple(regions.phrases[row] for row in kept),
        **{name: getattr(regions, name)[kept] for name in columns},
    )


def name_classes(regions: Regions) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """The C class names that occur, sorted, and the index among them of each region: (R,)."""
    codes, index = np.unique(regions.subject, return_inverse=True)
    return tuple(regions.names[code] for code in codes), index.reshape(-1)


class LabelsTrainer(Trainer):
    """A trainer whose model gives class scores."""

    def label_step(self, crops: Crops) -> float:
        """One step on crops of evenly drawn classes; returns its loss. Depends on the seed and the step alone."""
        settings, random = self.settings, stream(self.settings.seed, "clip", "labels", self.step)
        rows = crops.sampler.random(self.step, settings.batch, objects=1.0)
        labels = moved(crops.labels[torch.from_numpy(rows)], self.device)
        every = slice(0, len(rows))
        return self.descend(
            lambda scores: F.cross_entropy(scores, labels),
            Tower(self.show(crops.pixels, rows, random), every),
        )


def judge(encoder: Encoder, crops: Crops, rows: Codes) -> dict[str, Any]:
    """Accuracy on the crops `rows`: over all, the mean of classes, and of each class by name."""
    if not len(rows):  # of a single picture
        return {"objects": accuracy(np.zeros(0, bool), rows), "by_class": {}}
    scores = encode_crops(encoder, crops.pixels, rows)
    hits = (scores.argmax(dim=1) == crops.labels[torch.from_numpy(rows)]).numpy()
    labels = crops.labels.numpy()[rows]
    by_class = {
        name: round(float(hits[labels == number].mean()), 4)
        for number, name in enumerate(crops.classes)
        if (labels == number).any()
    }
    return {"objects": accuracy(hits, labels), "by_class": by_class}
