"""From labels and language to a trainer that can make its first step."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from relclip.core.errors import ParamsError
from relclip.core.model import ImageSet, ModelConfig, Regions, RelCLIP
from relclip.core.params import Train
from relclip.core.parquet import EXT_SCORES, RELATIONS, TRIPLETS, read_table
from relclip.core.vocabulary import Vocabulary
from relclip.train.contrast import RelationalContrast
from relclip.train.inputs import Inputs
from relclip.train.labels import Labels, check_ids, full_labels, kb_ext_labels, kb_labels
from relclip.train.language import Phrases, Prompts
from relclip.train.targets import Teacher
from relclip.train.trainer import Trainer

MAPS_FOR_CHANNELS = 256


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
    """Put network, contrast and targets together.

    Raises ParamsError where the sizes cannot work, InputError where no pair has a label.
    """
    text_dimension = prompts.objects.shape[1]
    _check_sizes(params, text_dimension)
    model = RelCLIP(_model_config(params, vocabulary, images.maps.shape[3], text_dimension))
    teacher = Teacher(images, labels, prompts)
    model.set_channels(*channel_statistics(images, teacher.numbers))
    if params.use_labels == "text":
        model.label_text.copy_(prompts.objects)
    rcl = params.rcl
    contrast = RelationalContrast(
        rcl.level, text_dimension, rcl.gamma, rcl.temperature, rcl.learn_temperature
    )
    regions = Regions(images, params.roi_size, device)
    return Trainer(params, model.to(device), contrast.to(device), regions, teacher, prompts, phrases)


def channel_statistics(images: ImageSet, numbers: NDArray[np.int64]) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean and standard deviation of each channel, (C,), over maps spread evenly over the images `numbers`."""
    spread = np.linspace(0, len(numbers) - 1, min(len(numbers), MAPS_FOR_CHANNELS)).astype(np.int64)
    cells = images.maps[np.sort(images.map_rows[numbers[spread]])]
    cells = cells.reshape(-1, images.maps.shape[3]).astype(np.float32)
    scale = np.maximum(cells.std(axis=0, dtype=np.float64), 1e-6)
    return torch.from_numpy(cells.mean(axis=0, dtype=np.float64)), torch.from_numpy(scale)


def _model_config(params: Train, vocabulary: Vocabulary, channels: int, text_dimension: int) -> ModelConfig:
    return ModelConfig(
        object_classes=len(vocabulary.objects),
        predicates=len(vocabulary.predicates),
        channels=channels,
        text_dimension=text_dimension,
        dimension=params.dimension,
        heads=params.heads,
        roi_size=params.roi_size,
        dropout=params.dropout,
        use_labels=params.use_labels,
        object_features=params.object_features,
    )


def _check_sizes(params: Train, text_dimension: int) -> None:
    if params.rcl.level != "none" and params.dimension != text_dimension:
        raise ParamsError(
            f"train.dimension is {params.dimension} but the prompts have {text_dimension} numbers; RelCLIP compares "
            f"the two, so set train.dimension to {text_dimension} (or rcl.level to none)"
        )
    if params.dimension % params.heads:
        raise ParamsError(
            f"train.dimension {params.dimension} is no multiple of train.heads {params.heads}; change one of the two"
        )
