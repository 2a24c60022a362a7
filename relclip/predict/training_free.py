"""python -m relclip.predict.training_free: EXT, KB, KB+EXT or KB counts, from KB and CLIP alone (docs/method.md, 4).

Pairs: ordered, overlapping, whatever predict.pairs says, because CLIP looked at no others.
"""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from itertools import repeat
from pathlib import Path
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from relclip.core import command
from relclip.core.annotations import Annotations, Ids, load_annotations, load_proposals, zero_shot_labels
from relclip.core.atomic import write_json
from relclip.core.boxes import Boxes, class_nms, overlapping_pairs
from relclip.core.digest import made_folder
from relclip.core.params.predict import Predict, TrainingFree
from relclip.core.params.reading import load_section
from relclip.core.progress import progress
from relclip.predict.knowledge import Logits, load_counts, method_scores, read_logits
from relclip.predict.writing import Prediction, Scores, task_writer

#: These rows have no weights; the digest's place in provenance.json says so.
NO_MODEL = "none"
#: Of one image: object ids, classes, their scores, boxes, (N,) or (N, 4).
Things = tuple[NDArray[np.integer], Ids, Scores, Boxes]
LOGITS = {"predcls": "scores.parquet", "sgcls": "sgcls_scores.parquet", "sgdet": "scores.parquet"}


def predict_training_free(
    method: TrainingFree, *, dataset: Path, kb: Path, ext: Path, output: Path, keep: int, min_count: int = 1
) -> None:
    """Write output/{predcls,sgcls}/{objects,relations}.parquet and provenance.json for all images of val and test.

    PredCls has the labels of the data set; SGCls has CLIP's zero-shot labels with their scores. Of the knowledge base,
    triplets said `min_count` times count. Other folders in `output` (sgdet) stay.
    """
    annotations = load_annotations(dataset)
    counts = load_counts(kb, annotations.vocabulary, min_count)
    images = np.flatnonzero(annotations.split != "train")
    annotated = annotations.class_id, np.ones(len(annotations.class_id), np.float32)
    labels = {"predcls": annotated, "sgcls": zero_shot_labels([ext / "objects.parquet"], annotations, images)}
    with ExitStack() as files:
        for task, (classes, scores) in labels.items():
            logits = _logits(method, ext / LOGITS[task], annotations, images)
            things = (
                (annotations.object_id[rows], classes[rows], scores[rows], annotations.boxes[rows])
                for rows in map(annotations.rows, images.tolist())
            )
            predictions = _predictions(method, annotations.image_id[images], things, counts, logits)
            folder = files.enter_context(made_folder(output / task))
            _write(folder, keep, progress(predictions, f"{method} {task}", "image", total=len(images)))
    write_json(output / "provenance.json", {"run": method, "model_sha256": NO_MODEL})


def predict_training_free_sgdet(
    method: TrainingFree,
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

    def things() -> Iterator[Things]:
        for rows in map(found.rows, range(len(images))):
            boxes, classes, scores = found.boxes[rows], found.class_id[rows], found.score[rows]
            kept = class_nms(boxes, classes, scores, most)
            yield found.object_id[rows][kept], classes[kept], scores[kept], boxes[kept]

    predictions = _predictions(method, image_ids, things(), counts, logits)
    with made_folder(output) as folder:
        _write(folder, keep, progress(predictions, f"{method} sgdet", "image", total=len(images)))
        write_json(folder / "provenance.json", {"run": method, "model_sha256": NO_MODEL})


def _logits(
    method: TrainingFree, path: Path, annotations: Annotations, images: Ids
) -> Iterable[Logits | None]:
    """CLIP's logits of each image, where the method reads them."""
    if method not in ("ext", "kb_ext"):
        return repeat(None, len(images))
    return read_logits(path, annotations.image_id[images], len(annotations.vocabulary.predicates))


def _write(folder: Path, keep: int, predictions: Iterable[Prediction]) -> None:
    with task_writer(folder, keep) as write:
        for prediction in predictions:
            write(prediction)


def _predictions(
    method: TrainingFree,
    image_ids: Ids,
    things: Iterable[Things],
    counts: NDArray[np.float32],
    logits: Iterable[Logits | None],
) -> Iterator[Prediction]:
    """The prediction of each image, given its things and CLIP's logits."""
    for image_id, (ids, labels, object_scores, boxes), clip in zip(
        image_ids.tolist(), things, logits, strict=True
    ):
        pairs = overlapping_pairs(boxes)
        subject, object_ = pairs.T
        scores = method_scores(
            method,
            counts[labels[subject], labels[object_]],
            clip.of(image_id, ids[subject], ids[object_]) if clip else None,
        )
        yield Prediction(
            image_id=image_id,
            object_id=ids,
            class_id=labels,
            object_score=object_scores,
            boxes=boxes,
            pairs=pairs,
            scores=scores,
        )


def main() -> None:
    """Parse the command line and run the stage."""
    parser = command.parser(
        "relclip.predict.training_free",
        "Predict PredCls and SGCls triplets with the knowledge base and CLIP alone, into data/predict/<method>.",
    )
    command.add_params(parser)
    parser.add_argument(
        "--method",
        choices=get_args(TrainingFree),
        required=True,
        help="row of the tables (docs/method.md, 4)",
    )
    command.add_folders(parser, "dataset", "kb", "ext")
    command.add_output(parser, "predict/<method>")
    options = command.parse(parser)
    params = load_section(options.params, "predict", Predict)
    folders = {name: getattr(options, name) for name in ("dataset", "kb", "ext", "output")}
    predict_training_free(options.method, **folders, keep=params.keep, min_count=params.kb_min_count)


if __name__ == "__main__":
    command.run(main)
