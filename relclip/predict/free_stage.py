"""The rows that need no training: triplets from the knowledge base and CLIP's scores alone (docs/method.md, 4).

Pairs: ordered, overlapping, whatever predict.pairs says, because CLIP looked at no others.
"""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from itertools import repeat
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from relclip.core.annotations import Annotations, Ids, load_annotations
from relclip.core.atomic import atomic_folder, write_json
from relclip.core.boxes import Boxes, overlapping_pairs
from relclip.core.progress import progress
from relclip.core.proposals import load_proposals
from relclip.predict.class_nms import class_nms
from relclip.predict.clip_scores import Logits, read_logits, zero_shot_labels
from relclip.predict.knowledge import load_counts
from relclip.predict.scoring import Method, method_scores
from relclip.predict.writing import Prediction, Scores, task_writer

#: These rows have no weights; the digest's place in provenance.json says so.
NO_MODEL = "none"
LOGITS = {"predcls": "scores.parquet", "sgcls": "sgcls_scores.parquet", "sgdet": "scores.parquet"}


def predict_training_free(
    method: Method, *, dataset: Path, kb: Path, ext: Path, output: Path, keep: int, min_count: int = 1
) -> None:
    """Write output/{predcls,sgcls}/{objects,relations}.parquet and provenance.json for all images of val and test.

    PredCls has the labels of the data set; SGCls has CLIP's zero-shot labels with their scores. Of the knowledge base,
    triplets said `min_count` times count. Other folders in `output` (sgdet) stay.
    """
    annotations = load_annotations(dataset)
    counts = load_counts(kb, annotations.vocabulary, min_count)
    images = np.flatnonzero(annotations.split != "train")
    given = annotations.class_id, np.ones(len(annotations.class_id), np.float32)
    labels = {"predcls": given, "sgcls": zero_shot_labels(ext / "objects.parquet", annotations, images)}
    with ExitStack() as files:
        for task, (classes, scores) in labels.items():
            logits = _logits(method, ext / LOGITS[task], annotations, images)
            predictions = _predictions(method, annotations, images, (classes, scores, counts), logits)
            folder = files.enter_context(atomic_folder(output / task))
            _write(folder, keep, progress(predictions, f"{method} {task}", "image", total=len(images)))
    write_json(output / "provenance.json", {"run": method, "model_sha256": NO_MODEL})


def predict_training_free_sgdet(
    method: Method,
    *,
    dataset: Path,
    kb: Path,
    ext: Path,
    proposals: Path,
    output: Path,
    keep: int,
    most: float,
    min_count: int = 1,
) -> None:
    """Write output/{objects,relations}.parquet and provenance.json for all images of test.

    Boxes, classes and their scores are the detector's, less the worse of two boxes of one class with an IoU above
    `most`. `ext`: CLIP's scores of these boxes. An image without proposals has no row.
    """
    annotations = load_annotations(dataset)
    counts = load_counts(kb, annotations.vocabulary, min_count)
    images = np.flatnonzero(annotations.split == "test")
    image_ids = annotations.image_id[images]
    found = load_proposals(proposals, dataset, image_ids, len(annotations.vocabulary.objects))
    logits = _logits(method, ext / LOGITS["sgdet"], annotations, images)

    def predictions() -> Iterator[Prediction]:
        for number, (image_id, known) in enumerate(zip(image_ids, logits, strict=True)):
            rows = found.rows(number)
            boxes, classes, scores = found.boxes[rows], found.class_id[rows], found.score[rows]
            kept = class_nms(boxes, classes, scores, most)
            one = found.object_id[rows][kept], classes[kept], scores[kept], boxes[kept]
            yield _predict(method, int(image_id), one, counts, known)

    with atomic_folder(output) as folder:
        _write(folder, keep, progress(predictions(), f"{method} sgdet", "image", total=len(images)))
        write_json(folder / "provenance.json", {"run": method, "model_sha256": NO_MODEL})


def _logits(method: Method, path: Path, annotations: Annotations, images: Ids) -> Iterable[Logits | None]:
    """CLIP's logits of each image, where the method reads them."""
    if method not in ("ext", "kb_ext"):
        return repeat(None, len(images))
    return read_logits(path, annotations.image_id[images], len(annotations.vocabulary.predicates))


def _write(folder: Path, keep: int, predictions: Iterable[Prediction]) -> None:
    with task_writer(folder, keep) as write:
        for prediction in predictions:
            write(prediction)


def _predictions(
    method: Method,
    annotations: Annotations,
    images: Ids,
    tables: tuple[Ids, Scores, NDArray[np.float32]],
    logits: Iterable[Logits | None],
) -> Iterator[Prediction]:
    classes, object_scores, counts = tables
    for image, known in zip(images, logits, strict=True):
        rows = annotations.rows(image)
        one = annotations.object_id[rows], classes[rows], object_scores[rows], annotations.boxes[rows]
        yield _predict(method, int(annotations.image_id[image]), one, counts, known)


def _predict(
    method: Method,
    image_id: int,
    objects: tuple[NDArray[np.integer], Ids, Scores, Boxes],
    counts: NDArray[np.float32],
    known: Logits | None,
) -> Prediction:
    """The prediction of one image. objects: ids, classes, scores, boxes, (N,) or (N, 4)."""
    ids, labels, object_scores, boxes = objects
    pairs = overlapping_pairs(boxes)
    subject, object_ = pairs.T
    clip = known.of(image_id, ids[subject], ids[object_]) if known else None
    scores = method_scores(method, counts[labels[subject], labels[object_]], clip)
    return Prediction(image_id, ids, labels, object_scores, boxes, pairs, scores)
