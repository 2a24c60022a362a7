"""The rows that need no training: triplets from the knowledge base and CLIP's scores alone (METHOD section 4)."""

from collections.abc import Iterable, Iterator
from itertools import repeat
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from relclip.core.annotations import Annotations, Ids, load_annotations
from relclip.core.atomic import atomic_folder, write_json
from relclip.core.boxes import overlapping_pairs
from relclip.core.progress import progress
from relclip.predict.clip_scores import Logits, read_logits, zero_shot_labels
from relclip.predict.knowledge import load_counts
from relclip.predict.scoring import Method, method_scores
from relclip.predict.writing import Prediction, Scores, task_writer

#: These rows have no weights; the digest's place in provenance.json says so.
NO_MODEL = "none"
LOGITS = {"predcls": "scores.parquet", "sgcls": "sgcls_scores.parquet"}


def predict_training_free(
    method: Method, *, dataset: Path, kb: Path, ext: Path, output: Path, keep: int
) -> None:
    """Write output/{predcls,sgcls}/{objects,relations}.parquet and provenance.json for all images of val and test.

    PredCls has the labels of the data set; SGCls has CLIP's zero-shot labels with their scores. Pairs: ordered,
    overlapping.
    """
    annotations = load_annotations(dataset)
    counts = load_counts(kb, annotations.vocabulary)
    images = np.flatnonzero(annotations.split != "train")
    given = annotations.class_id, np.ones(len(annotations.class_id), np.float32)
    labels = {"predcls": given, "sgcls": zero_shot_labels(ext / "objects.parquet", annotations, images)}
    predicates = len(annotations.vocabulary.predicates)
    with atomic_folder(output) as folder:
        for task, (classes, scores) in labels.items():
            logits: Iterable[Logits | None] = repeat(None, len(images))
            if method in ("ext", "kb_ext"):
                logits = read_logits(ext / LOGITS[task], annotations.image_id[images], predicates)
            predictions = _predictions(method, annotations, images, (classes, scores, counts), logits)
            with task_writer(folder / task, keep) as write:
                for prediction in progress(predictions, f"{method} {task}", "image", total=len(images)):
                    write(prediction)
        write_json(folder / "provenance.json", {"run": method, "model_sha256": NO_MODEL})


def _predictions(
    method: Method,
    annotations: Annotations,
    images: Ids,
    tables: tuple[Ids, Scores, NDArray[np.float32]],
    logits: Iterable[Logits | None],
) -> Iterator[Prediction]:
    classes, object_scores, counts = tables
    for image, known in zip(images, logits, strict=True):
        rows, image_id = annotations.rows(image), int(annotations.image_id[image])
        ids, labels = annotations.object_id[rows], classes[rows]
        pairs = overlapping_pairs(annotations.boxes[rows])
        subject, object_ = pairs.T
        clip = known.of(image_id, ids[subject], ids[object_]) if known else None
        scores = method_scores(method, counts[labels[subject], labels[object_]], clip)
        yield Prediction(image_id, ids, labels, object_scores[rows], annotations.boxes[rows], pairs, scores)
