"""The steps of the labels encoder: CLIP's picture tower, its crops and schedule, a cross-entropy over class names."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from relclip.clip.batches import Sampler
from relclip.clip.descent import Side
from relclip.clip.pretrain import Trainer
from relclip.clip.regions import Codes, Regions
from relclip.compute.device import moved
from relclip.core.accuracy import accuracy
from relclip.core.errors import InputError
from relclip.core.seeds import stream
from relclip.encoder.encoder import Encoder

BATCH = 256


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
            lambda scores: F.cross_entropy(scores, labels), Side(self.show(crops.pixels, rows, random), every)
        )


def judge(encoder: Encoder, crops: Crops, rows: Codes) -> dict[str, Any]:
    """Accuracy on the crops `rows`: over all, the mean of classes, and of each class by name."""
    pieces = torch.from_numpy(rows).split(BATCH)
    scores = [encoder.encode_images(crops.pixels[piece]).cpu() for piece in pieces]
    hits = (torch.cat(scores).argmax(dim=1) == crops.labels[torch.from_numpy(rows)]).numpy()
    labels = crops.labels.numpy()[rows]
    by_class = {
        name: round(float(hits[labels == number].mean()), 4)
        for number, name in enumerate(crops.classes)
        if (labels == number).any()
    }
    return {"objects": accuracy(hits, labels), "by_class": by_class}
