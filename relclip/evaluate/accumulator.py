"""Recall of scene graphs inside a training loop, in the manner of torchmetrics: update, compute, reset."""

import warnings
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from relclip.core.box_precision import LabelledBoxes
from relclip.core.errors import InputError
from relclip.core.params.evaluate import Evaluate
from relclip.core.recall import TASKS, Task
from relclip.core.vocabulary import Vocabulary
from relclip.evaluate.checks import Ints
from relclip.evaluate.hits import counting, first_hits_of, hits_schema
from relclip.evaluate.in_memory import Image, images_as_arrays
from relclip.evaluate.inputs import other_unit
from relclip.evaluate.metrics import by_image, metrics_of
from relclip.evaluate.report import box_metrics, labelled_boxes
from relclip.evaluate.top_two import Lists, TopTwo, list_metrics
from relclip.evaluate.views import TrainTriplets

Fields = Mapping[str, Any]


class SceneGraphRecall:
    """Every registered metric, with and without graph constraint, over all images so far; memory: a row a ground
    truth, 100 an image, and SGDet's boxes.

    objects, predicates: how many classes there are (ids from 1; 0 is background). task: predcls takes object scores
    as 1. switches: the protocol's (docs/method.md, 2). train: triplets (subject class, predicate, object class) of
    train, one a relation, for zero-shot recall and head, body and tail. The numbers are those of
    `relclip evaluate` on the same data.

    >>> recall = SceneGraphRecall(objects=2, predicates=3, task="predcls")
    >>> boxes = [[0, 0, 9, 9], [5, 5, 20, 20]]
    >>> truth = {"boxes": boxes, "labels": [1, 2], "relations": [[0, 3, 1]]}
    >>> found = {"boxes": boxes, "labels": [1, 2], "pairs": [[0, 1]], "relation_scores": [[0.2, 0.1, 0.7]]}
    >>> recall.update(found, truth)
    >>> values = recall.compute()
    >>> values["recall_at_50"], values["mean_recall_at_50"], values["zero_shot_recall_at_50"]
    (1.0, 0.3333333333333333, None)
    >>> recall.reset()
    >>> recall.compute()["recall_at_50"] is None
    True
    """

    def __init__(
        self,
        objects: int,
        predicates: int,
        task: Task,
        switches: Evaluate | None = None,
        train: Iterable[tuple[int, int, int]] | None = None,
        *,
        seen: Iterable[tuple[int, int, int]] | None = None,
    ) -> None:
        """`seen`: the older name of `train`."""
        if seen is not None:
            warnings.warn("SceneGraphRecall(seen=...) is train=... now", DeprecationWarning, stacklevel=2)
            train = seen
        if task not in TASKS:
            raise InputError(f"task is {task!r}; allowed: {', '.join(TASKS)}")
        self._vocabulary = Vocabulary(*(tuple(map(str, range(count))) for count in (objects, predicates)))
        self._task, self._switches = task, switches or Evaluate()
        triplets: Ints = np.array([] if train is None else list(train), np.int64).reshape(-1, 3)
        subject, predicate, other = triplets.T
        self._train = (
            None if train is None else TrainTriplets.of((subject, predicate, other), self._vocabulary)
        )
        self.reset()

    def reset(self) -> None:
        """Forget all images."""
        self._tables: list[pa.Table] = []
        self._lists: list[Lists] = []
        self._boxes: list[tuple[LabelledBoxes, LabelledBoxes]] = []
        self._images: set[int] = set()

    def update(self, predictions: Fields | Sequence[Fields], groundtruth: Fields | Sequence[Fields]) -> None:
        """Take in one image, or a list of images with a list of ground truths. Arrays, lists or tensors on any device.

        groundtruth: `boxes` (N, 4) xyxy pixels, `labels` (N,) from 1, `relations` (R, 3) rows of boxes and predicate
        as (subject, predicate, object); optional `image_id` (else images are numbered as they come), which decides
        how ties are broken.
        predictions: `boxes` (M, 4), `labels` (M,), `scores` (M,) (absent: 1) and either `relations` (T, 3) with
        `relation_scores` (T,), or `pairs` (T, 2) with `relation_scores` (T, P) or (T, P + 1), column 0 background.
        Raises InputError for arrays that do not fit; then nothing is taken in.
        """
        found, true = ([one] if isinstance(one, Mapping) else list(one) for one in (predictions, groundtruth))
        if len(found) != len(true):
            raise InputError(
                f"update was given {len(found)} predictions and {len(true)} ground truths; give one of each an image"
            )
        if not true:
            return
        images = [self._image(*pair, number) for number, pair in enumerate(zip(found, true, strict=True))]
        ids = Counter(image.image_id for image in images)
        repeated = [number for number, times in ids.items() if times > 1 or number in self._images]
        if repeated:
            raise InputError(f"the image {repeated[0]} was given more than once; reset() before a new round")
        truth, objects, relations = images_as_arrays(images, self._vocabulary)
        fault = other_unit(objects, truth.objects, pixel_inclusive=self._switches.pixel_inclusive)
        if fault:
            raise InputError(f"update was given other boxes than it counts: {fault}")
        top_two = TopTwo(counting(truth, self._switches), self._task, self._switches.pixel_inclusive)
        judged = truth, objects, [relations], self._task, [self._switches]
        (hits,) = first_hits_of(*judged, train=self._train, watch=[top_two.add])
        self._tables.append(hits.table)
        self._lists.append(top_two.lists)
        if self._task == "sgdet":
            self._boxes.append(
                (labelled_boxes(objects, truth.images), labelled_boxes(truth.objects, truth.images))
            )
        self._images.update(ids)

    def compute(self) -> dict[str, float | None]:
        """All metrics by the names of metrics.json, as fractions; None where no ground truth counts."""
        train_count = self._train.count if self._train else None
        judged = by_image(self.hits, len(self._vocabulary.predicates), self._switches.recall, train_count)
        boxes = box_metrics([found for found, _ in self._boxes], [true for _, true in self._boxes])
        return metrics_of(judged) | list_metrics(self._lists, judged.count) | boxes

    @property
    def hits(self) -> pa.Table:
        """First hits of all images, schema hits_schema(task): for intervals (`paired_differences`) or SQL."""
        return pa.concat_tables([hits_schema(self._task).empty_table(), *self._tables])

    def merge(self, other: "SceneGraphRecall") -> None:
        """Take in what another process has seen (gather the objects, they pickle); InputError on shared images."""
        shared = self._images & other._images
        if shared:
            raise InputError(f"both have seen the image {min(shared)}; give each process its own image_id")
        self._tables += other._tables
        self._lists += other._lists
        self._boxes += other._boxes
        self._images |= other._images

    def _image(self, found: Fields, true: Fields, number: int) -> Image:
        image_id = true.get("image_id", len(self._images) + number)
        image_id = image_id.item() if hasattr(image_id, "item") else image_id
        if not isinstance(image_id, int) or isinstance(image_id, bool) or abs(image_id) >= 1 << 63:
            raise InputError(
                "image_id must be a whole number of 64 bits, which decides how ties are broken; number the images"
            )
        return Image.read(image_id, found, true, self._vocabulary)
