"""Make data/clip/labels: pre-train on the class labels of raw/pretrain, or take a model of timm."""

import hashlib
from pathlib import Path

import torch

from relclip.clip.batches import Sampler, cut_regions
from relclip.clip.labels_elsewhere import load_timm
from relclip.clip.labels_train import Crops, LabelsTrainer, judge, name_classes, only_objects
from relclip.clip.pretrain import train
from relclip.clip.regions import Regions, read_regions
from relclip.clip.small import labels_config
from relclip.clip.stage import curve_csv, split
from relclip.compute.device import best_device, prepare
from relclip.core.atomic import atomic_folder, write_json, write_text
from relclip.core.digest import file_digest
from relclip.core.ordered import available_threads
from relclip.core.params.clip import LabelsEncoder, Pretrain
from relclip.encoder.encoder import load_encoder, save_encoder
from relclip.encoder.labels_encoder import build_labels_model


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
    trainer = LabelsTrainer(build_labels_model(config), settings, mean, std)
    checkpoint = output.with_name(f".{output.name}.checkpoint")
    key = _key(settings, source / "region_descriptions.json", workers)
    train(trainer, lambda: trainer.label_step(crops), checkpoint, key)
    with atomic_folder(output) as made:
        save_encoder(made, trainer.model, config, tokenizer=None)
        write_text(made / "curve.csv", curve_csv(trainer.curve))
        found = judge(load_encoder(made, best_device("cpu")), crops, held_out)
        counts = _counts(regions, len(trained), len(held_out))
        write_json(made / "statistics.json", {"source": "pretrain", "counts": counts, "validation": found})
    checkpoint.unlink(missing_ok=True)
    print(f"labels: held-out {found['objects']}", flush=True)


def _counts(regions: Regions, trained: int, held_out: int) -> dict[str, object]:
    found = {"regions": len(regions), "trained": trained, "held_out": held_out}
    return {**found, "dropped": dict(regions.dropped)}


def _key(settings: Pretrain, corpus: Path, threads: int) -> str:
    """What a checkpoint belongs to: the parameters, the regions, the threads and torch's version."""
    parts = ["labels", settings.model_dump_json(), file_digest(corpus), str(threads), torch.__version__]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
