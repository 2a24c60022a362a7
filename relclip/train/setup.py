"""From files to a trainer that can make its first step: what a training reads, its network, its contrast."""

from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray

from relclip.compute.device import best_device, prepare
from relclip.compute.world import ALONE, World
from relclip.core.errors import ParamsError
from relclip.core.params.train import Train
from relclip.core.vocabulary import Vocabulary, load_vocabulary
from relclip.model import ImageSet, Model, Regions, model_class
from relclip.train.contrast import Memory, RelationalContrast
from relclip.train.inputs import Inputs
from relclip.train.labels import Labels
from relclip.train.language import Phrases, Prompts, load_phrases, load_prompts
from relclip.train.targets import TrainingSet
from relclip.train.trainer import Trainer, predicate_loss

MAPS_FOR_CHANNELS = 256


@dataclass(frozen=True, eq=False)
class Material:
    """What every training of a run reads, whatever its labels."""

    vocabulary: Vocabulary
    images: ImageSet
    prompts: Prompts
    phrases: Phrases | None
    device: torch.device
    world: World = ALONE


def contrast_level(params: Train) -> str:
    """The level of RCL that a training has; a model without a contrast has none, whatever `rcl` says."""
    return params.rcl.level if model_class(params.model).has_contrast else "none"


def needs_words(params: Train) -> bool:
    """Whether a training reads word vectors at all."""
    return contrast_level(params) != "none" and params.sampling.enabled


def read_material(
    params: Train,
    inputs: Inputs,
    device: str = "auto",
    threads: int | None = None,
    world: World = ALONE,
) -> Material:
    """Seed and prepare torch, then read the train images and the language of their labels."""
    prepare(params.seed, world.threads(threads))
    place = best_device(device)
    vocabulary = load_vocabulary(inputs.dataset / "vocabulary.json")
    images = ImageSet.load(inputs.dataset, inputs.features, "train")
    prompts = load_prompts(inputs.prompts, vocabulary, place)
    phrases = load_phrases(inputs.words, vocabulary, place) if needs_words(params) else None
    return Material(
        vocabulary=vocabulary, images=images, prompts=prompts, phrases=phrases, device=place, world=world
    )


def make_trainer(
    params: Train,
    material: Material,
    labels: Labels,
    *,
    model: Model | None = None,
    weighted: bool | None = None,
    regions: Regions | None = None,
    frozen: bool = False,
) -> Trainer:
    """Put network, contrast and targets together.

    `model`: one that goes on learning, as it is, instead of a new one. `weighted`: whether `loss: bce` weighs possible
    labels; none said: where the labels are not of equal weight by definition (docs/method.md, 6). `regions`: what was
    pooled for another training on these images. `frozen`: see `Trainer`.
    Raises ParamsError where the sizes cannot work, InputError where no pair has a label.
    """
    device = material.device
    training_set = TrainingSet(material.images, labels, material.prompts)
    model = model or new_model(params, training_set, material)
    return Trainer(
        params=params,
        model=model.to(device),
        contrast=new_contrast(params, material).to(device),
        regions=regions or Regions(material.images, params.roi_size, device),
        training_set=training_set,
        prompts=material.prompts,
        phrases=material.phrases if params.sampling.enabled else None,
        predicate_loss=predicate_loss(params, weighted),
        frozen=frozen,
        world=material.world,
    )


def new_model(params: Train, training_set: TrainingSet, material: Material) -> Model:
    """Build the network of `params` with random weights, and with what it is told of maps, language and labels."""
    text_dimension = material.prompts.objects.shape[1]
    if contrast_level(params) != "none" and params.dimension != text_dimension:
        raise ParamsError(
            f"train.dimension is {params.dimension} but the prompts have {text_dimension} numbers; RelCLIP compares "
            f"the two, so set train.dimension to {text_dimension} (or rcl.level to none)"
        )
    classes, predicates = len(material.vocabulary.objects), len(material.vocabulary.predicates)
    model = model_class(params.model).from_params(
        params,
        object_classes=classes,
        predicates=predicates,
        channels=material.images.maps.shape[3],
        text_dimension=text_dimension,
    )
    model.set_channels(*channel_statistics(material.images, training_set.numbers))
    model.set_label_text(material.prompts.objects)
    model.start_from_labels(
        partial(label_counts, training_set.classes, training_set.labels, classes, predicates)
    )
    return model


def new_contrast(params: Train, material: Material) -> RelationalContrast:
    """Build the contrast of `params`, with the memory of each level if the training has one."""
    rcl, dimension = params.rcl, material.prompts.objects.shape[1]
    words = material.phrases.predicate.shape[1] if material.phrases else 0
    memory = partial(Memory, rcl.memory, dimension, words, params.sampling, max(params.warmup, 1))
    return RelationalContrast(
        contrast_level(params),
        dimension,
        rcl.gamma,
        rcl.temperature,
        rcl.learn_temperature,
        memory=memory if rcl.memory else None,
    )


def channel_statistics(images: ImageSet, numbers: NDArray[np.int64]) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean and standard deviation of each channel, (C,), over maps spread evenly over the images `numbers`."""
    spread = np.linspace(0, len(numbers) - 1, min(len(numbers), MAPS_FOR_CHANNELS)).astype(np.int64)
    cells = images.maps[np.sort(images.map_rows[numbers[spread]])]
    cells = cells.reshape(-1, images.maps.shape[3]).astype(np.float32)
    scale = np.maximum(cells.std(axis=0, dtype=np.float64), 1e-6)
    return torch.from_numpy(cells.mean(axis=0, dtype=np.float64)), torch.from_numpy(scale)


def label_counts(
    classes: NDArray[np.int32], labels: Labels, objects: int, predicates: int
) -> NDArray[np.float64]:
    """How much the labels give each predicate of two classes, (O + 1, O + 1, R + 1), of the ordered overlapping pairs.

    classes: (P, 2) of subject and object. A labelled pair counts each possible label with its weight, so that distant
    labels give a distant count; a pair without a label counts as class 0 (D25).
    """
    pair = classes[:, 0].astype(np.int64) * (objects + 1) + classes[:, 1]
    labelled = np.flatnonzero(labels.row >= 0)
    entries, place = labels.entries(labels.row[labelled])
    keys = np.concatenate([pair[labels.row < 0], pair[labelled][place]]) * (predicates + 1)
    keys[len(pair) - len(labelled) :] += labels.predicates[entries]
    weights = np.concatenate([np.ones(len(pair) - len(labelled)), labels.weights[entries]])
    counts = np.bincount(keys, weights, (objects + 1) ** 2 * (predicates + 1)).astype(np.float64)
    return counts.reshape(objects + 1, objects + 1, predicates + 1)
