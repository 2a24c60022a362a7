"""Triplets of a trained run for PredCls and SGCls on val and test, in bounded memory."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from relclip.core.atomic import atomic_folder, write_json
from relclip.core.device import best_device, prepare
from relclip.core.digest import file_digest
from relclip.core.errors import ContractError
from relclip.core.model import Batch, ImageSet, Output, Regions, RelCLIP, collate, load_model
from relclip.core.params import Predict
from relclip.core.progress import progress
from relclip.core.vocabulary import Vocabulary, load_vocabulary
from relclip.predict.knowledge import load_counts
from relclip.predict.model_scores import masked, object_labels, predicate_scores
from relclip.predict.writing import TASKS, Prediction, task_writer

WEIGHTS = "model.safetensors"


@dataclass(frozen=True)
class Inputs:
    """The folders that a prediction reads; `kb` only where the knowledge base masks the predicates."""

    model: Path
    dataset: Path
    features: Path
    kb: Path | None = None


def predict_run(run: str, inputs: Inputs, output: Path, params: Predict, threads: int | None = None) -> None:
    """Write output/{predcls,sgcls}/{objects,relations}.parquet and provenance.json for all images of val and test.

    Raises ContractError where model, data set and features do not belong together, or the model gives no numbers.
    """
    device = best_device()
    prepare(0, threads)
    network = load_model(inputs.model, device)
    vocabulary = load_vocabulary(inputs.dataset / "vocabulary.json")
    images = ImageSet.load(inputs.dataset, inputs.features, "val", "test")
    _check(network, vocabulary, images, inputs)
    regions = Regions(images, network.config.roi_size, device, memory=0)
    predictor = Predictor(network, params, _candidates(inputs, vocabulary, params, device))
    starts = range(0, len(images), params.batch)
    with atomic_folder(output) as folder:
        with ExitStack() as files:
            writers = {task: files.enter_context(task_writer(folder / task, params.keep)) for task in TASKS}
            for first in progress(starts, f"predict {run}", "batch"):
                numbers = range(first, min(first + params.batch, len(images)))
                for task, prediction in predictor(images, numbers, collate(regions, numbers)):
                    writers[task](prediction)
        provenance = {"run": run, "model_sha256": file_digest(inputs.model / WEIGHTS)}
        write_json(
            folder / "provenance.json", {**provenance, **params.model_dump(include={"rank_by", "kb_mask"})}
        )


class Predictor:
    """A network with the way its triplets are scored."""

    def __init__(self, network: RelCLIP, params: Predict, candidates: Tensor | None) -> None:
        self.network, self.params, self.candidates = network, params, candidates

    def __call__(self, images: ImageSet, numbers: range, batch: Batch) -> Iterator[tuple[str, Prediction]]:
        """Yield (task, prediction) of each image of the batch for both tasks."""
        for task, (output, labels, label_scores) in zip(TASKS, self._outputs(batch), strict=True):
            scores = self._scores(batch, output, labels)
            found = labels.cpu().numpy(), label_scores.cpu().numpy(), scores.cpu().numpy()
            for prediction in _apart(images, numbers, batch, found):
                yield task, prediction

    @torch.inference_mode()
    def _outputs(self, batch: Batch) -> Iterator[tuple[Output, Tensor, Tensor]]:
        """Network output, object classes (N,) and their scores (N,) of PredCls, then of SGCls."""
        given = self.network(batch, "given")
        yield given, batch.classes, torch.ones(len(batch.classes))
        sees_labels = self.network.config.use_labels != "none"
        predicted = self.network(batch, "predicted") if sees_labels else given
        yield predicted, *object_labels(predicted.object_logits)

    def _scores(self, batch: Batch, output: Output, labels: Tensor) -> Tensor:
        logits = output.predicate_logits
        if not torch.isfinite(logits).all() or not torch.isfinite(output.object_logits).all():
            raise ContractError("the model gives scores that are no finite numbers; train that run again")
        scores = predicate_scores(logits, self.params.rank_by)
        if self.candidates is None:
            return scores
        return masked(scores, self.candidates[labels[batch.subjects], labels[batch.objects]])


def _apart(
    images: ImageSet, numbers: range, batch: Batch, found: tuple[np.ndarray, np.ndarray, np.ndarray]
) -> Iterator[Prediction]:
    """Cut what was found in a batch, classes (N,), their scores (N,), scores of pairs (P, R), into its images."""
    labels, label_scores, scores = found
    objects = list(pairwise(np.cumsum([0, *batch.object_counts]).tolist()))
    pairs = list(pairwise(np.cumsum([0, *batch.pair_counts]).tolist()))
    for number, of_objects, of_pairs in zip(numbers, objects, pairs, strict=True):
        rows, some = images.objects_of(number), slice(*of_objects)
        yield Prediction(
            image_id=int(images.image_ids[number]),
            object_id=images.object_ids[rows],
            class_id=labels[some],
            object_score=label_scores[some],
            boxes=images.boxes[rows],
            pairs=images.pairs[images.pairs_of(number)],
            scores=scores[slice(*of_pairs)],
        )


def _candidates(
    inputs: Inputs, vocabulary: Vocabulary, params: Predict, device: torch.device
) -> Tensor | None:
    """(O + 1, O + 1, R) which triplets the knowledge base knows, where it masks the predicates."""
    if not params.kb_mask:
        return None
    if inputs.kb is None:
        raise ContractError(
            "predict.kb_mask is true, so the folder of the kb stage must be given: --kb data/kb"
        )
    return torch.from_numpy(load_counts(inputs.kb, vocabulary) > 0).to(device)


def _check(network: RelCLIP, vocabulary: Vocabulary, images: ImageSet, inputs: Inputs) -> None:
    config = network.config
    for name, built, met in (
        ("object classes", config.object_classes, len(vocabulary.objects)),
        ("predicates", config.predicates, len(vocabulary.predicates)),
        ("channels", config.channels, images.maps.shape[3]),
    ):
        if built != met:
            raise ContractError(
                f"the model in {inputs.model} was trained for {built} {name}, the data have {met}; train on these data"
            )
