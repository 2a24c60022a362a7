"""What a model says of pairs, given the objects' labels: of some images, or of all labelled pairs of a set, once."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from relclip.compute.device import autocast
from relclip.core.progress import progress
from relclip.model import Model, Regions, collate, with_room
from relclip.train.labels import Labels

IMAGES_AT_ONCE = 16


def predicate_logits(
    model: Model,
    regions: Regions,
    numbers: Sequence[int],
    precision: str,
    chosen: Sequence[NDArray[np.int64]] | None = None,
) -> Tensor:
    """Logits (P, R + 1) of the pairs of these images, or of the `chosen` ones, given the objects' labels."""

    def answer() -> Tensor:
        batch = collate(regions, numbers, chosen)  # pooled, and kept, in float32's arithmetic as in training
        with autocast(regions.device, precision):
            return model(batch).predicate_logits

    return with_room(answer)


@torch.no_grad()
def labelled_logits(
    model: Model, regions: Regions, labels: Labels, what: str, precision: str = "auto"
) -> NDArray[np.float32]:
    """Logits (L, R + 1) of the model, given the objects' labels, for the L labelled pairs of the set.

    Raises nothing for a set without any: (0, R + 1).
    """
    was_training = model.training
    model.eval()
    logits = np.zeros((int(labels.row.max(initial=-1)) + 1, model.config.predicates + 1), np.float32)
    batches = list(_batches(model, regions, labels))
    for numbers, chosen, rows in progress(batches, what, "batch"):
        output = predicate_logits(model, regions, numbers, precision, chosen).float().cpu().numpy()
        logits[rows[rows >= 0]] = output[rows >= 0]
    model.train(was_training)
    return logits


def _batches(
    model: Model, regions: Regions, labels: Labels
) -> Iterator[tuple[list[int], list[NDArray[np.int64]] | None, NDArray[np.int32]]]:
    """Numbers of images with labelled pairs, the pairs of each to look at, and their rows in the labels.

    A model whose answer for a pair depends on no other pair is asked for the labelled ones alone.
    """
    images = regions.images
    of_image = [labels.row[images.pairs_of(number)] for number in range(len(images))]
    wanted = [number for number, rows in enumerate(of_image) if (rows >= 0).any()]
    for first in range(0, len(wanted), IMAGES_AT_ONCE):
        numbers = wanted[first : first + IMAGES_AT_ONCE]
        rows = [of_image[number] for number in numbers]
        if model.pairs_are_independent:
            chosen = [np.flatnonzero(row >= 0) for row in rows]
            yield numbers, chosen, np.concatenate([row[part] for row, part in zip(rows, chosen, strict=True)])
        else:
            yield numbers, None, np.concatenate(rows)
