"""The detector stage: a trained or given Faster R-CNN, its boxes of val and test, and how good they are."""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import torch
from torchvision.models.detection import FasterRCNN

from relclip.compute.checkpoint import remove_checkpoint, state_digest
from relclip.compute.device import best_device, prepare
from relclip.compute.halving import told_in_a_sentence
from relclip.core.annotations import Annotations, load_annotations
from relclip.core.atomic import atomic_folder, write_json
from relclip.core.box_precision import OVERLAP, LabelledBoxes
from relclip.core.box_precision import mean_average_precision as box_precision
from relclip.core.boxes import iou
from relclip.core.digest import file_digest
from relclip.core.errors import ContractError
from relclip.core.ordered import available_threads
from relclip.core.params.detector import Detector
from relclip.core.parquet import PREDICTED_OBJECTS, write_table
from relclip.core.progress import progress
from relclip.core.trained import WEIGHTS
from relclip.core.vocabulary import load_names
from relclip.detector.files import config_of, load_detector, save_detector
from relclip.detector.network import DetectorConfig, build, pretrained
from relclip.detector.pictures import Pictures
from relclip.detector.proposals import Detections, detect, prepare_model, propose, table
from relclip.detector.training import LOSSES, VERSION, Examples, fit
from relclip.tracking.curves import Curves
from relclip.tracking.recorder import Recorder, Silent

NAME = "detector"
SPLITS = ("val", "test")
#: mAP50 of the detectors that scene graph models of Visual Genome's 150 classes are built on.
PUBLISHED = "published detectors of Visual Genome reach 0.25 to 0.30"
#: The files that a training depends on.
INPUTS = ("vocabulary.json", "images.parquet", "objects.parquet")


@told_in_a_sentence("lower detector.batch or detector.image_size")
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
    pictures = Pictures([raw / file for file in annotations.file], config.image_size)
    task = _Task(
        settings, annotations, pictures, best_device(device), readers or threads or available_threads()
    )
    inputs = {name: file_digest(dataset / name) for name in INPUTS}
    checkpoint, began = checkpoints / NAME, time.monotonic()
    curves = Curves(recorder, LOSSES, "lower detector.learning_rate")
    model = task.model(config, curves, checkpoint, inputs)
    trained = time.monotonic()
    model = prepare_model(model, settings)
    tables, statistics = zip(*(task.detect(model, split) for split in SPLITS), strict=True)
    seconds = {"seconds_training": trained - began, "seconds_detecting": time.monotonic() - trained}
    report = dict(zip(SPLITS, statistics, strict=True))
    about = {"detector": settings.model_dump(), "inputs": inputs}
    with atomic_folder(output) as folder:
        save_detector(folder, model, config, annotations.vocabulary, about)
        curves.write(folder / "curves.csv")
        write_table(folder / "proposals.parquet", pa.concat_tables(tables), PREDICTED_OBJECTS)
        write_json(folder / "statistics.json", report)
    remove_checkpoint(checkpoint)
    _record(recorder, report, seconds, settings.iterations)
    recorder.tags({"model_sha256": file_digest(output / WEIGHTS)})
    print(f"detector: {json.dumps({**report, **seconds})}", flush=True)
    if config.backbone == "resnet50" and annotations.vocabulary.objects == load_names("vg150"):
        print(f"detector: mAP50 on test {report['test']['mAP50']:.3f}; {PUBLISHED}")
    return report


def _record(
    recorder: Recorder, report: Mapping[str, Mapping[str, float]], seconds: Mapping[str, float], step: int
) -> None:
    """Tell the recorder how good the boxes are and how long they took."""
    flat = {f"{split}_{name}": value for split, values in report.items() for name, value in values.items()}
    recorder.metrics({**flat, **seconds}, step)


@dataclass(frozen=True)
class _Task:
    """What training and detecting share."""

    settings: Detector
    annotations: Annotations
    pictures: Pictures
    device: torch.device
    readers: int

    def model(
        self, config: DetectorConfig, curves: Curves, checkpoint: Path, inputs: Mapping[str, str]
    ) -> FasterRCNN:
        """The detector that is given, or else one trained on the objects of the train images."""
        if self.settings.weights:
            return load_detector(Path(self.settings.weights), config).to(self.device)
        with_objects = np.diff(self.annotations.first) > 0
        numbers = np.flatnonzero((self.annotations.split == "train") & with_objects)
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


def judge(
    annotations: Annotations, numbers: Sequence[int], found: Sequence[Detections], kept: Sequence[Detections]
) -> dict[str, float]:
    """What statistics.json says of one split. found: all that the detector gives; kept: the proposals of these.

    `mAP50`: COCO's reading, at most 100 boxes an image. `recall`: of the annotated boxes, the share with a proposal
    of an IoU of at least 0.5, whatever its class; `recall_labelled`: one of its own class.
    """
    annotated = [_annotated(annotations, annotations.rows(number)) for number in numbers]
    hits = [_hits(*pair) for pair in zip(annotated, kept, strict=True)]
    anyhow, labelled = np.concatenate(hits, axis=1) if hits else np.zeros((2, 0))
    return {
        "images": len(numbers),
        "boxes": anyhow.size,
        "mAP50": mean_average_precision(annotated, found),
        "mAP50_proposals": mean_average_precision(annotated, kept),
        "recall": float(anyhow.mean()) if anyhow.size else 0.0,
        "recall_labelled": float(labelled.mean()) if labelled.size else 0.0,
        "proposals_per_image": float(np.mean([len(one) for one in kept])) if kept else 0.0,
    }


def _annotated(annotations: Annotations, rows: slice) -> Detections:
    """The objects of one image, which score 1."""
    boxes = annotations.boxes[rows]
    return Detections(boxes, annotations.class_id[rows], np.ones(len(boxes), np.float32))


def mean_average_precision(annotated: Sequence[Detections], found: Sequence[Detections]) -> float:
    """COCO's mAP at IoU 0.5 over the classes that the images hold; 0 where they hold none."""
    if not annotated:
        return 0.0
    return float(np.nan_to_num(box_precision(_joined(found), _joined(annotated))))


def _joined(images: Sequence[Detections]) -> LabelledBoxes:
    return LabelledBoxes(
        np.repeat(np.arange(len(images)), [len(one) for one in images]),
        np.concatenate([one.classes for one in images]),
        np.concatenate([one.boxes for one in images]).astype(np.float64),
        np.concatenate([one.scores for one in images]).astype(np.float64),
    )


def _hits(annotated: Detections, kept: Detections) -> np.ndarray:
    """(2, N) whether each annotated box is found, and found with its class."""
    near = iou(annotated.boxes[:, None], kept.boxes[None]) >= OVERLAP
    same_class = annotated.classes[:, None] == kept.classes[None]
    return np.stack([near.any(axis=1), (near & same_class).any(axis=1)])
