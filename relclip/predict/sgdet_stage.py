"""Triplets of a trained run for SGDet on test: the detector proposes boxes, the relation model names them.

The object classifier sees all proposals of an image and names each; per-class NMS drops repeats; predicates are those
of pairs among the boxes left (docs/method.md, 9). The boxes that were dropped stay in the objects' context (D30), so
that an image has one classification; the relation adaptor sees the pairs that are left.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from relclip.compute.device import prepare
from relclip.compute.halving import told_in_a_sentence
from relclip.core.annotations import Proposals, load_proposals
from relclip.core.boxes import class_nms
from relclip.core.digest import check_maps, made_folder
from relclip.core.progress import progress
from relclip.model import Batch, ImageSet, Output
from relclip.predict.calibration import fit_on_validation
from relclip.predict.predictor import Predictor, pair_sets, split_by_image
from relclip.predict.request import Inputs, Request
from relclip.predict.stage import write_about
from relclip.predict.writing import Prediction, task_writer

Labels = tuple[NDArray[np.int64], NDArray[np.float32]]


@told_in_a_sentence("lower predict.batch")
def predict_sgdet(
    request: Request,
    inputs: Inputs,
    proposals: Path,
    output: Path,
    *,
    class_iou: float,
    threads: int | None = None,
) -> None:
    """Write output/{objects,relations}.parquet, provenance.json and, where asked, calibration.json: all images of test.

    `class_iou`: the IoU above which the worse of two boxes of one class goes. An image without proposals has no row.
    Raises ContractError where model, data set, features and proposals do not belong together.
    """
    prepare(0, threads)
    check_maps(inputs.features)
    predictor = Predictor.load(request, inputs)
    calibration = fit_on_validation(predictor, inputs)
    images = ImageSet.load(inputs.dataset, inputs.features, "test")
    classes = predictor.network.config.object_classes
    boxes = load_proposals(proposals, inputs.dataset, images.image_ids, classes)
    with made_folder(output) as folder:
        with task_writer(folder, request.params.keep) as write:
            starts = range(0, len(images), request.params.batch)
            for first in progress(starts, f"predict {request.run} sgdet", "batch"):
                some = proposed(images, boxes, first, min(first + request.params.batch, len(images)))
                scores = boxes.score[boxes.first[first] : boxes.first[first + len(some)]]
                for prediction in predictions(predictor, some, scores, inputs, class_iou):
                    write(prediction)
        write_about(folder, request, inputs, calibration)


def predictions(
    predictor: Predictor, images: ImageSet, detected: NDArray[np.float32], inputs: Inputs, class_iou: float
) -> Iterator[Prediction]:
    """Yield the prediction of each image. detected: (N,) the detector's scores of the boxes."""
    sets = pair_sets(images, predictor.request.params.pairs)
    answers = [_ask(predictor, some, inputs) for some in sets]
    labels = _labels(predictor, answers[0][1], detected)
    kept = np.ones(len(images.boxes), bool)
    for rows in images.object_rows():
        kept[rows] = class_nms(images.boxes[rows], labels[0][rows], labels[1][rows], class_iou)
    if not kept.all():
        sets = [_among(some, kept) for some in sets]
        answers = [_ask(predictor, some, inputs) for some in sets]
    classes = torch.from_numpy(labels[0]).to(predictor.device)
    scores = [predictor.scores(batch, answer, classes).cpu().numpy() for batch, answer in answers]
    for prediction, rows in zip(
        split_by_image(sets, range(len(images)), labels, scores), images.object_rows(), strict=True
    ):
        yield _only(prediction, kept[rows])


def proposed(images: ImageSet, boxes: Proposals, first: int, last: int) -> ImageSet:
    """The images first..last - 1 with the detector's boxes instead of their own; classes are unknown (0)."""
    rows = slice(int(boxes.first[first]), int(boxes.first[last]))
    return ImageSet.from_arrays(
        image_ids=images.image_ids[first:last],
        sizes=images.sizes[first:last],
        maps=images.maps,
        map_rows=images.map_rows[first:last],
        object_counts=np.diff(boxes.first[first : last + 1]),
        object_ids=boxes.object_id[rows],
        class_ids=np.zeros(rows.stop - rows.start, np.int64),
        boxes=boxes.boxes[rows],
    )


def _ask(predictor: Predictor, images: ImageSet, inputs: Inputs) -> tuple[Batch, Output]:
    regions = predictor.regions(images, inputs, shared=False)
    ((batch, (answer,)),) = predictor.ask([regions], range(len(images)), ["predicted"])
    return batch, answer


def _labels(predictor: Predictor, answer: Output, detected: NDArray[np.float32]) -> Labels:
    """Classes (N,) that the relation model gives the boxes, and their scores (N,) as predict.sgdet_score says."""
    classes, scores = (found.cpu().numpy() for found in predictor.labels(answer.object_logits))
    times = predictor.request.params.sgdet_score == "classifier_times_detector"
    return classes, scores * detected if times else scores


def _among(images: ImageSet, kept: NDArray[np.bool_]) -> ImageSet:
    """The same images with those of their pairs whose boxes are both kept, (N,)."""
    pairs = []
    for number, rows in enumerate(images.object_rows()):
        some = images.pairs[images.pairs_of(number)]
        pairs.append(some[kept[rows][some].all(axis=1)].astype(np.int64))
    return images.with_pairs(pairs)


def _only(prediction: Prediction, kept: NDArray[np.bool_]) -> Prediction:
    """The prediction without the boxes that are not kept, (N,); no pair is of these."""
    return replace(
        prediction,
        object_id=prediction.object_id[kept],
        class_id=prediction.class_id[kept],
        object_score=prediction.object_score[kept],
        boxes=prediction.boxes[kept],
        pairs=(np.cumsum(kept) - 1)[prediction.pairs],
    )
