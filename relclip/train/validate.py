"""A quick look at PredCls while training: what a model says of pairs, R@K and mR@K with graph constraint."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray
from torch import Tensor

from relclip.compute.device import autocast
from relclip.compute.world import World
from relclip.core.ordered import batches_of
from relclip.core.progress import progress
from relclip.core.recall import MAIN, MAIN_CUTOFF, RECALL, Recalls
from relclip.model import Model, RankBy, Regions, collate, object_numbers, predicate_scores, with_room
from relclip.train.labels import Labels

#: Curve -> the metric that it shows.
MEASURED = {f"val_{metric.at()}": metric for metric in MAIN}
#: What `schedule: plateau` waits for; VisualDS watches R@100 (D18).
WATCHED = f"val_{RECALL.at()}"
IMAGES_AT_ONCE = 12

Triples = NDArray[np.int64]  # (G, 3) subject, object (rows within the image), predicate id


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
    for numbers in batches_of(wanted, IMAGES_AT_ONCE):
        rows = [of_image[number] for number in numbers]
        if model.pairs_are_independent:
            chosen = [np.flatnonzero(row >= 0) for row in rows]
            yield numbers, chosen, np.concatenate([row[part] for row, part in zip(rows, chosen, strict=True)])
        else:
            yield numbers, None, np.concatenate(rows)


@dataclass(frozen=True, eq=False)
class Validation:
    """Images with annotated relations, and what they hold."""

    regions: Regions
    numbers: NDArray[np.int64]  # (V,) images
    truths: list[Triples]  # of each of them
    rank_by: RankBy = "softmax"
    precision: str = "auto"

    @classmethod
    def of(
        cls,
        regions: Regions,
        relations: pa.Table,
        count: int,
        rank_by: RankBy = "softmax",
        precision: str = "auto",
    ) -> "Validation":
        """The first `count` images of the set with relations; repeated relations count once."""
        images = regions.images
        inside = np.isin(relations["image_id"].to_numpy(), images.image_ids)
        image_id, subject, predicate, object_ = (
            relations[name].to_numpy()[inside] for name in relations.column_names
        )
        number = np.searchsorted(images.image_ids, image_id)
        rows = [
            object_numbers(images, image_id, ids, "relations.parquet") - images.object_start[number]
            for ids in (subject, object_)
        ]
        triples = np.stack([*rows, predicate.astype(np.int64)], axis=1)
        numbers = np.unique(number)[:count]
        truths = [np.unique(triples[number == image], axis=0) for image in numbers]
        return cls(regions, numbers, truths, rank_by, precision)

    def shared(self, model: Model, world: World) -> dict[str, float]:
        """What the first of the processes measures, told to all of them."""
        if world.size == 1 or not len(self.numbers):
            return self(model)
        measured = self(model) if world.first else {}
        values = torch.tensor([measured.get(name, 0.0) for name in MEASURED], dtype=torch.float64)
        values = values.to(self.regions.device)
        world.copy_first([values])
        return dict(zip(MEASURED, values.tolist(), strict=True))

    @torch.no_grad()
    def __call__(self, model: Model) -> dict[str, float]:
        """Return recall and mean recall of the model, as fractions; nothing where there is no image to look at."""
        if not len(self.numbers):
            return {}
        was_training = model.training
        model.eval()
        images = self.regions.images
        hits: list[NDArray[np.bool_]] = []
        for numbers in batches_of(self.numbers, IMAGES_AT_ONCE):
            logits = predicate_logits(model, self.regions, numbers.tolist(), self.precision)
            scores = predicate_scores(logits, self.rank_by).cpu().numpy()
            ends = np.cumsum([len(images.pair_union[images.pairs_of(number)]) for number in numbers])
            for image, part in zip(numbers, np.split(scores, ends[:-1]), strict=True):
                truth = self.truths[len(hits)]
                hits.append(hits_at(part, images.pairs[images.pairs_of(image)], truth, MAIN_CUTOFF))
        model.train(was_training)
        found = recalls(hits, self.truths, model.config.predicates)
        return {name: float(metric.function(found)) for name, metric in MEASURED.items()}


def hits_at(
    scores: NDArray[np.float32], pairs: NDArray[np.int32], truth: Triples, k: int
) -> NDArray[np.bool_]:
    """Which annotated triples of one image its top `k` triplets hold: (G,).

    scores: (P, R) of predicates 1 to R; pairs: (P, 2). Graph constraint: a pair offers its best predicate
    alone. Ties go to the earlier pair and the lower predicate id.
    """
    best = scores.argmax(axis=1) + 1
    order = np.argsort(-scores[np.arange(len(scores)), best - 1], kind="stable")[:k]
    found = {
        (int(i), int(j), int(predicate)) for (i, j), predicate in zip(pairs[order], best[order], strict=True)
    }
    return np.array([tuple(triple) in found for triple in truth.tolist()], bool)


def recalls(hits: Sequence[NDArray[np.bool_]], truths: Sequence[Triples], predicates: int) -> Recalls:
    """Recall, the mean over images, and of each predicate, the mean over the images that hold it."""
    by_predicate: list[list[float]] = [[] for _ in range(predicates + 1)]
    for hit, truth in zip(hits, truths, strict=True):
        for predicate in np.unique(truth[:, 2]):
            by_predicate[predicate].append(float(hit[truth[:, 2] == predicate].mean()))
    means = [np.mean(values) if values else np.nan for values in by_predicate[1:]]
    return Recalls(overall=np.mean([hit.mean() for hit in hits]), by_predicate=np.array(means))
