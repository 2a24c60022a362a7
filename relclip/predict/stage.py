"""Triplets of a trained run for PredCls and SGCls on val and test, in bounded memory."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import torch

from relclip.compute.device import prepare
from relclip.compute.halving import told_in_a_sentence
from relclip.core.atomic import write_json
from relclip.core.digest import check_maps, made_folder
from relclip.core.progress import progress
from relclip.model import ImageSet, LabelSource, Regions
from relclip.predict.calibration import fit_on_validation
from relclip.predict.predictor import Predictor, pair_sets, split_by_image
from relclip.predict.request import Inputs, Request
from relclip.predict.writing import TASKS, Prediction, task_writer

#: Where the labels of each of TASKS come from.
SOURCES: tuple[LabelSource, ...] = ("given", "predicted")


@told_in_a_sentence("lower predict.batch")
def predict_run(request: Request, inputs: Inputs, output: Path, threads: int | None = None) -> None:
    """Write output/{predcls,sgcls}/{objects,relations}.parquet, provenance.json and, where asked, calibration.json.

    All images of val and test. Other folders in `output` (sgdet) stay. Raises ContractError where model, data set and
    features do not belong together, or the model gives no numbers.
    """
    prepare(0, threads)
    check_maps(inputs.features)
    predictor = Predictor.load(request, inputs)
    calibration = fit_on_validation(predictor, inputs)
    sets = pair_sets(ImageSet.load(inputs.dataset, inputs.features, "val", "test"), request.params.pairs)
    regions = [predictor.regions(images, inputs) for images in sets]
    batch = request.params.batch
    with ExitStack() as files:
        folders = {task: files.enter_context(made_folder(output / task)) for task in TASKS}
        with ExitStack() as tables:
            writers = {
                task: tables.enter_context(task_writer(folder, request.params.keep))
                for task, folder in folders.items()
            }
            for first in progress(range(0, len(sets[0]), batch), f"predict {request.run}", "batch"):
                numbers = range(first, min(first + batch, len(sets[0])))
                for task, prediction in predictions(predictor, regions, numbers):
                    writers[task](prediction)
    write_about(output, request, inputs, calibration)


def predictions(
    predictor: Predictor, regions: Sequence[Regions], numbers: range
) -> Iterator[tuple[str, Prediction]]:
    """Yield (task, prediction) of each image of a batch for both tasks; `regions`: of each set of pairs."""
    batches, answers = zip(*predictor.ask(regions, numbers, SOURCES), strict=True)
    given = batches[0].classes, torch.ones(len(batches[0].classes))
    labels = {"predcls": given, "sgcls": predictor.labels(answers[0][1].object_logits)}
    for place, task in enumerate(TASKS):
        classes, class_scores = labels[task]
        scores = [
            predictor.scores(batch, answer[place], classes).cpu().numpy()
            for batch, answer in zip(batches, answers, strict=True)
        ]
        found = classes.cpu().numpy(), class_scores.cpu().numpy()
        for prediction in split_by_image([some.images for some in regions], numbers, found, scores):
            yield task, prediction


def write_about(folder: Path, request: Request, inputs: Inputs, calibration: dict[str, float] | None) -> None:
    """Write provenance.json and, where logits were divided, calibration.json; one of a request before goes."""
    path = folder / "calibration.json"
    if calibration is not None:
        write_json(path, calibration)
    else:
        path.unlink(missing_ok=True)
    write_json(folder / "provenance.json", request.provenance(inputs))
