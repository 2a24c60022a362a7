"""The detector stage: a trained or given Faster R-CNN, its boxes of val and test, and how good they are."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import torch
from torchvision.models.detection import FasterRCNN

from relclip.compute.checkpoint import remove_checkpoint, state_digest
from relclip.compute.device import best_device, prepare
from relclip.core.annotations import Annotations, load_annotations
from relclip.core.atomic import atomic_folder, write_json
from relclip.core.digest import file_digest
from relclip.core.errors import ContractError
from relclip.core.ordered import available_threads
from relclip.core.params.detector import Detector
from relclip.core.parquet import PREDICTED_OBJECTS, write_table
from relclip.core.progress import progress
from relclip.core.vocabulary import load_names
from relclip.detector.files import WEIGHTS, config_of, load_detector, save_detector
from relclip.detector.judge import judge
from relclip.detector.network import DetectorConfig, build, pretrained
from relclip.detector.pictures import Pictures
from relclip.detector.proposals import detect, prepare_model, propose, table
from relclip.detector.training import VERSION, Examples, fit, make_curves, with_objects
from relclip.tracking.curves import Curves
from relclip.tracking.recorder import Recorder, Silent

NAME = "detector"
SPLITS = ("val", "test")
#: mAP50 of the detectors that scene graph models of Visual Genome's 150 classes are built on.
PUBLISHED_MAP50 = "0.25 to 0.30"
#: The files that a training depends on.
INPUTS = ("vocabulary.json", "images.parquet", "objects.parquet")


def run(
    settings: Detector,
    *,
    raw: Path,
    dataset: Path,
    checkpoints: Path,
    output: Path,
    recorder: Recorder | None = None,
    device: str = "auto",
    threads: int | None = None,
    readers: int | None = None,
) -> dict[str, dict[str, float]]:
    """Write model.safetensors, config.json, curves.csv, proposals.parquet and statistics.json, whole or not at all.

    Returns the statistics. On a CPU the same inputs, parameters and number of threads give the same bytes, also after
    a kill and a resume from `checkpoints / detector`; how many `readers` fetch pictures does not matter.
    Raises ContractError, InputError, ParamsError.
    """
    recorder = recorder or Silent()
    prepare(settings.seed, threads)
    annotations = load_annotations(dataset)
    config = config_of(settings, annotations.vocabulary)
    task = _Task(
        settings,
        annotations,
        Pictures([raw / file for file in annotations.file], config.image_size),
        best_device(device),
        readers or threads or available_threads(),
    )
    inputs = {name: file_digest(dataset / name) for name in INPUTS}
    checkpoint, curves, began = checkpoints / NAME, make_curves(recorder), time.monotonic()
    if settings.weights:
        model = load_detector(Path(settings.weights), config).to(task.device)
    else:
        model = task.train(config, curves, checkpoint, inputs)
    trained = time.monotonic()
    model = prepare_model(model, settings)
    tables, statistics = zip(*(task.detect(model, split) for split in SPLITS), strict=True)
    seconds = {"seconds_training": trained - began, "seconds_detecting": time.monotonic() - trained}
    report = dict(zip(SPLITS, statistics, strict=True))
    with atomic_folder(output) as folder:
        about = {"detector": settings.model_dump(), "inputs": inputs}
        save_detector(folder, model, config, annotations.vocabulary, about)
        curves.write(folder / "curves.csv")
        write_table(folder / "proposals.parquet", pa.concat_tables(tables), PREDICTED_OBJECTS)
        write_json(folder / "statistics.json", report)
    remove_checkpoint(checkpoint)
    flat = {f"{split}_{name}": value for split, values in report.items() for name, value in values.items()}
    recorder.metrics({**flat, **seconds}, settings.iterations)
    recorder.tags({"model_sha256": file_digest(output / WEIGHTS)})
    print(f"detector: {json.dumps({**report, **seconds})}", flush=True)
    if config.backbone == "resnet50" and annotations.vocabulary.objects == load_names("vg150"):
        found = report["test"]["mAP50"]
        print(
            f"detector: mAP50 on test {found:.3f}; published detectors of Visual Genome reach {PUBLISHED_MAP50}"
        )
    return report


@dataclass(frozen=True)
class _Task:
    """What training and detecting share."""

    settings: Detector
    annotations: Annotations
    pictures: Pictures
    device: torch.device
    readers: int

    def train(
        self, config: DetectorConfig, curves: Curves, checkpoint: Path, inputs: Mapping[str, str]
    ) -> FasterRCNN:
        """A detector trained on the objects of the train images."""
        numbers = with_objects(self.annotations, "train")
        if not len(numbers):
            raise ContractError("the data set has no train image with an object; a detector needs some")
        settings = self.settings
        content = {"detector": settings.model_dump(), "inputs": dict(inputs), "device": self.device.type}
        model = build(config, settings.seed)
        if settings.start != "none":
            model = pretrained(model, settings.start)
        model = model.to(self.device)
        examples = Examples(self.pictures, self.annotations, numbers, settings.seed)
        fit(
            model,
            settings,
            examples,
            curves,
            checkpoint=checkpoint,
            digest=state_digest(VERSION, content),
            device=self.device,
            readers=self.readers,
        )
        return model

    def detect(self, model: FasterRCNN, split: str) -> tuple[pa.Table, dict[str, float]]:
        """The proposals of a split, and how good they are."""
        numbers = np.flatnonzero(self.annotations.split == split).tolist()
        boxes = detect(model, self.pictures, numbers, self.device, self.readers)
        found = list(progress(boxes, f"boxes of {split}", "image", total=len(numbers)))
        kept = [propose(one, self.settings) for one in found]
        statistics = judge(self.annotations, numbers, found, kept)
        return table(self.annotations.image_id[numbers], kept), statistics
