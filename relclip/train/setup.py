"""From labels and language to a trainer that can make its first step."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import torch
from numpy.typing import NDArray

from relclip.compute.world import ALONE, World
from relclip.core.errors import ParamsError
from relclip.core.kb_filter import believed_triplets
from relclip.core.params.train import Train
from relclip.core.parquet import EXT_SCORES, RELATIONS, read_table
from relclip.core.vocabulary import Vocabulary
from relclip.model import (
    AnyConfig,
    ImageSet,
    Model,
    ModelConfig,
    Motif,
    MotifConfig,
    Regions,
    build_model,
)
from relclip.train.contrast import RelationalContrast
from relclip.train.frequency import frequency_bias
from relclip.train.inputs import Inputs, contrast_level
from relclip.train.labels import Labels, check_ids, full_labels, kb_ext_labels, kb_labels
from relclip.train.language import Phrases, Prompts
from relclip.train.losses import multi_hot_bce, soft_cross_entropy, soft_weighted_bce
from relclip.train.memory import Memory
from relclip.train.targets import Teacher
from relclip.train.trainer import PredicateLoss, Trainer

MAPS_FOR_CHANNELS = 256


def supervise(
    images: ImageSet, params: Train, inputs: Inputs, vocabulary: Vocabulary
) -> tuple[Labels, dict[str, Any]]:
    """Label the pairs of the train images as `supervision` says; also what was counted on the way."""
    dropped, counted = 0, {}
    relations = read_table(inputs.dataset / "relations.parquet", RELATIONS)
    check_ids(images.class_ids, len(vocabulary.objects), "objects.parquet: class_id")
    check_ids(
        relations["predicate_id"].to_numpy(), len(vocabulary.predicates), "relations.parquet: predicate_id"
    )
    if params.supervision == "full":
        labels, dropped = full_labels(images, relations)
    else:
        triplets, counted["kb"] = believed_triplets(inputs.kb, params.kb, params.seed)
        sizes = len(vocabulary.objects), len(vocabulary.predicates)
        labels = kb_labels(images, triplets, *sizes, params.kb.weights)
    if params.supervision == "kb+ext":
        scores = read_scores(inputs.ext / "scores.parquet", images)
        counted["kb"]["candidates"] = len(labels.predicates)
        labels = kb_ext_labels(images, labels, scores, params.kb.min_clip, params.kb.weights)
    weight = np.bincount(labels.predicates, labels.weights, len(vocabulary.predicates) + 1)[1:]
    return labels, {
        "images": len(images),
        "pairs": len(images.pairs),
        "labelled_pairs": int((labels.row >= 0).sum()),
        "possible_labels": len(labels.predicates),
        "relations_without_overlap": dropped,
        **counted,
        "label_weight": dict(zip(vocabulary.predicates, weight.round(2).tolist(), strict=True)),
    }


def read_scores(path: Path, images: ImageSet) -> pa.Table:
    """CLIP's scores of these images; those of val and test, all predicates of all pairs, are most of the file."""
    return read_table(path, EXT_SCORES, pc.field("image_id").isin(pa.array(images.image_ids)))


def make_trainer(
    params: Train,
    images: ImageSet,
    labels: Labels,
    *,
    prompts: Prompts,
    phrases: Phrases | None,
    vocabulary: Vocabulary,
    device: torch.device,
    model: Model | None = None,
    weighted: bool | None = None,
    regions: Regions | None = None,
    frozen: bool = False,
    world: World = ALONE,
) -> Trainer:
    """Put network, contrast and targets together.

    `model`: one that goes on learning, as it is, instead of a new one. `weighted`: whether `loss: bce` weighs possible
    labels; none said: where the labels are not of equal weight by definition (docs/method.md, 6). `regions`: what was
    pooled for another training on these images. `frozen`, `world`: see `Trainer`.
    Raises ParamsError where the sizes cannot work, InputError where no pair has a label.
    """
    text_dimension = prompts.objects.shape[1]
    teacher = Teacher(images, labels, prompts)
    if model is None:
        _check_sizes(params, text_dimension)
        model = new_model(params, teacher, prompts, vocabulary)
    rcl = params.rcl
    contrast = RelationalContrast(
        contrast_level(params),
        text_dimension,
        rcl.gamma,
        rcl.temperature,
        rcl.learn_temperature,
        memory=_memory(params, text_dimension, phrases),
    )
    regions = regions or Regions(images, params.roi_size, device)
    loss = predicate_loss(params, weighted)
    network = model.to(device), contrast.to(device)
    return Trainer(params, *network, regions, teacher, prompts, phrases, loss, frozen, world)


def _memory(params: Train, dimension: int, phrases: Phrases | None) -> Callable[[], Memory] | None:
    """Return what makes the memory of a level of RCL, if the training has one."""
    size, words = params.rcl.memory, phrases.predicate.shape[1] if phrases else 0
    made = partial(Memory, size, dimension, words, params.sampling, max(params.warmup, 1))
    return made if size else None


def new_model(params: Train, teacher: Teacher, prompts: Prompts, vocabulary: Vocabulary) -> Model:
    """Build the network of `params` with random weights, and with what it is told of maps, language and labels."""
    model = build_model(
        _model_config(params, vocabulary, teacher.images.maps.shape[3], prompts.objects.shape[1])
    )
    model.set_channels(*channel_statistics(teacher.images, teacher.numbers))
    if model.config.use_labels == "text":
        model.label_text.copy_(prompts.objects)
    if isinstance(model, Motif):
        sizes = model.config.object_classes, model.config.predicates
        bias = frequency_bias(teacher.classes, teacher.labels, *sizes)
        model.frequency_bias.data.copy_(torch.from_numpy(bias))
    return model


def predicate_loss(params: Train, weighted: bool | None = None) -> PredicateLoss:
    """Return the loss that `loss` names. VisualDS weighs possible labels by EXT or by its E-step, never uniform ones.

    Labels that share a pair by the counts of the KB weigh too (D16).
    """
    if params.loss == "cross_entropy":
        return soft_cross_entropy
    if weighted is None:
        by_counts = params.supervision == "kb" and params.kb.weights == "counts"
        weighted = params.supervision == "kb+ext" or by_counts
    return soft_weighted_bce if weighted else multi_hot_bce


def channel_statistics(images: ImageSet, numbers: NDArray[np.int64]) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean and standard deviation of each channel, (C,), over maps spread evenly over the images `numbers`."""
    spread = np.linspace(0, len(numbers) - 1, min(len(numbers), MAPS_FOR_CHANNELS)).astype(np.int64)
    cells = images.maps[np.sort(images.map_rows[numbers[spread]])]
    cells = cells.reshape(-1, images.maps.shape[3]).astype(np.float32)
    scale = np.maximum(cells.std(axis=0, dtype=np.float64), 1e-6)
    return torch.from_numpy(cells.mean(axis=0, dtype=np.float64)), torch.from_numpy(scale)


def _model_config(params: Train, vocabulary: Vocabulary, channels: int, text_dimension: int) -> AnyConfig:
    sizes: dict[str, Any] = {
        "object_classes": len(vocabulary.objects),
        "predicates": len(vocabulary.predicates),
        "channels": channels,
        "text_dimension": text_dimension,
        **params.model_dump(include={"dimension", "roi_size", "dropout"}),
    }
    if params.model == "motif":
        return MotifConfig(**sizes)
    return ModelConfig(**sizes, **params.model_dump(include={"heads", "use_labels", "object_features"}))


def _check_sizes(params: Train, text_dimension: int) -> None:
    if contrast_level(params) != "none" and params.dimension != text_dimension:
        raise ParamsError(
            f"train.dimension is {params.dimension} but the prompts have {text_dimension} numbers; RelCLIP compares "
            f"the two, so set train.dimension to {text_dimension} (or rcl.level to none)"
        )
    if params.model == "motif" and params.dimension % 2:
        raise ParamsError(
            f"train.dimension {params.dimension} is odd; Motif reads from both sides, so give an even number"
        )
    if params.model == "relclip" and params.dimension % params.heads:
        raise ParamsError(
            f"train.dimension {params.dimension} is no multiple of train.heads {params.heads}; change one of the two"
        )
