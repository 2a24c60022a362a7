"""Temperature scaling (Guo et al. 2017; beyond the paper): one number for predicates, one for objects, from val.

Raw logits of two trainings, or of predicates and objects, are not on one scale, though a triplet's score multiplies
them. Divided by the temperature under which the validation annotation is likeliest, they are chances.
"""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import torch
from torch import Tensor
from torch.nn import functional

from relclip.core.errors import ContractError
from relclip.core.lookup import positions, row_keys
from relclip.core.parquet import RELATIONS, read_table
from relclip.core.progress import progress
from relclip.model import Batch, ImageSet, Output
from relclip.predict.matching import best_weight, chances_of
from relclip.predict.predictor import Fitted, Predictor
from relclip.predict.request import Inputs

#: Temperatures are looked for between these, to this many halvings of the logarithm's range.
LOWEST, HIGHEST, HALVINGS = 0.01, 100.0, 40
BINS = 15


def fit_on_validation(predictor: Predictor, inputs: Inputs) -> dict[str, float] | None:
    """Fit on validation what the request needs, give it to `predictor`, and return what calibration.json says.

    None where nothing is fitted. Raises ContractError where val has no annotation.
    """
    if predictor.request.params.by == "both":
        return _fit_matching_weight(predictor, inputs)
    return _fit_temperatures(predictor, inputs) if predictor.request.params.calibrate else None


def _fit_matching_weight(predictor: Predictor, inputs: Inputs) -> dict[str, float]:
    """Give `predictor` the weight of the matching that fits the annotated trained predicates of validation (D37)."""
    assert predictor.matcher is not None
    images = ImageSet.load(inputs.dataset, inputs.features, "val")
    targets, trained = (
        annotated(images, inputs, predictor.network.config.predicates),
        predictor.matcher.trained,
    )
    found = [(torch.zeros(0), torch.zeros(0))]
    for batch, answer, rows in _answers(predictor, images, inputs):
        matching = predictor.matcher.logits(batch, answer, batch.classes)
        classifier = answer.predicate_logits.float().softmax(dim=1)
        some = chances_of(classifier, matching, targets[rows].to(trained.device), trained)
        found.append((some[0].cpu(), some[1].cpu()))
    classifier, matching = (torch.cat(parts) for parts in zip(*found, strict=True))
    if not len(classifier):
        raise _nothing_annotated(inputs, "predict.by: both")
    predictor.fitted = Fitted(matching_weight=best_weight(classifier, matching))
    return {"matching_weight": predictor.fitted.matching_weight, "annotated": len(classifier)}


def _fit_temperatures(predictor: Predictor, inputs: Inputs) -> dict[str, float]:
    """Give `predictor` the temperatures that fit the validation split; returns what calibration.json says.

    Predicates: over annotated overlapping pairs with their labels given, among the predicates and background (softmax)
    or each predicate apart (sigmoid). Objects: over all of them. Raises ContractError where val has no annotation.
    """
    images = ImageSet.load(inputs.dataset, inputs.features, "val")
    targets = annotated(images, inputs, predictor.network.config.predicates)
    of_pairs, of_objects = _logits(predictor, images, inputs, targets)
    targets = targets[targets.any(dim=1)]
    if not len(targets):
        raise _nothing_annotated(inputs, "predict.calibrate")
    apart = predictor.request.rank_by == "sigmoid"
    if apart:
        of_pairs, targets = of_pairs[:, 1:], targets[:, 1:]
    of_class = functional.one_hot(torch.from_numpy(images.class_ids), of_objects.shape[1]) > 0
    predicate, about = fit_temperature(of_pairs, targets, apart)
    object_, about_objects = fit_temperature(of_objects, of_class, False)
    predictor.fitted = Fitted(predicate, object_)
    return {
        "predicate_temperature": predicate,
        "object_temperature": object_,
        **{f"predicate_{key}": value for key, value in about.items()},
        **{f"object_{key}": value for key, value in about_objects.items()},
    }


def fit_temperature(logits: Tensor, targets: Tensor, apart: bool) -> tuple[float, dict[str, float]]:
    """Return the temperature of least NLL, and NLL and calibration error before and after.

    logits, targets: (K, C), each row with one target or more. The NLL is convex in 1 / T, so its slope is halved in.
    """
    logits, targets = logits.double(), targets.double()
    low, high = np.log(1 / HIGHEST), np.log(1 / LOWEST)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        rising = float(_slope(logits, targets, float(np.exp(middle)), apart)) > 0
        low, high = (low, middle) if rising else (middle, high)
    temperature = float(np.exp(-(low + high) / 2))
    about = {}
    for name, divided in (("before", logits), ("after", logits / temperature)):
        about[f"nll_{name}"] = float(likelihood(divided, targets, apart))
        about[f"calibration_error_{name}"] = float(calibration_error(divided, targets, apart))
    return temperature, about


def likelihood(logits: Tensor, targets: Tensor, apart: bool) -> Tensor:
    """Mean negative log-likelihood of the targets (softmax), or of every column's yes or no (`apart`)."""
    if apart:
        return functional.binary_cross_entropy_with_logits(logits, targets)
    return -(targets * logits.log_softmax(dim=1)).sum() / targets.sum()


def calibration_error(logits: Tensor, targets: Tensor, apart: bool) -> Tensor:
    """Expected calibration error of each row's best column: |accuracy - confidence| over BINS equal bins."""
    confidence, best = _chances(logits, apart).max(dim=1)
    right = targets.gather(1, best[:, None])[:, 0]
    bin_ = (confidence * BINS).long().clamp(max=BINS - 1)
    gap = torch.zeros(BINS, dtype=logits.dtype).index_add(0, bin_, right - confidence)
    return gap.abs().sum() / len(logits)


def annotated(images: ImageSet, inputs: Inputs, predicates: int) -> Tensor:
    """(P, R + 1) which of the R predicates the annotation gives each pair of the set."""
    inside = pc.field("image_id").isin(pa.array(images.image_ids))
    relations = read_table(inputs.dataset / "relations.parquet", RELATIONS, inside)
    columns = (relations[name].to_numpy().astype(np.int64) for name in RELATIONS.names)
    image, subject, predicate, object_ = columns
    image_of_pair = np.repeat(images.image_ids, np.diff(images.pair_start))
    first = np.repeat(images.object_start[:-1], np.diff(images.pair_start))
    ends = images.object_ids[images.pairs + first[:, None]].astype(np.int64)
    known = row_keys(image_of_pair, ends[:, 0], ends[:, 1])
    wanted = row_keys(image, subject, object_)
    place = positions(known, wanted)
    found = np.flatnonzero(place >= 0)
    targets = torch.zeros(len(known), predicates + 1, dtype=torch.bool)
    targets[place[found], predicate[found]] = True
    return targets


def _logits(predictor: Predictor, images: ImageSet, inputs: Inputs, targets: Tensor) -> tuple[Tensor, Tensor]:
    """Logits of the annotated pairs (K, R + 1) and of all objects (N, O + 1), on the CPU."""
    config = predictor.network.config
    pairs, objects = [torch.zeros(0, config.predicates + 1)], [torch.zeros(0, config.object_classes + 1)]
    some = targets.any(dim=1)
    for _, answer, rows in _answers(predictor, images, inputs):
        pairs.append(answer.predicate_logits.cpu()[some[rows]])
        objects.append(answer.object_logits.cpu())
    return torch.cat(pairs), torch.cat(objects)


def _answers(predictor: Predictor, images: ImageSet, inputs: Inputs) -> Iterator[tuple[Batch, Output, slice]]:
    """What the network says with given labels, batch by batch, and which of all pairs a batch holds."""
    regions, batch = predictor.regions(images, inputs), predictor.request.params.batch
    for first in progress(range(0, len(images), batch), "calibrate", "batch"):
        last = min(first + batch, len(images))
        ((collated, (answer,)),) = predictor.ask([regions], range(first, last), ["given"])
        yield collated, answer, slice(int(images.pair_start[first]), int(images.pair_start[last]))


def _nothing_annotated(inputs: Inputs, what: str) -> ContractError:
    return ContractError(
        f"{inputs.dataset} has no annotated overlapping pair in val, which {what} needs; leave it out"
    )


def _chances(logits: Tensor, apart: bool) -> Tensor:
    return logits.sigmoid() if apart else logits.softmax(dim=1)


def _slope(logits: Tensor, targets: Tensor, inverse: float, apart: bool) -> Tensor:
    """Sign and scale of d NLL / d (1 / T): rows weigh what they have of targets, or every column alike."""
    weight = 1.0 if apart else targets.sum(dim=1, keepdim=True)
    return ((_chances(logits * inverse, apart) * weight - targets) * logits).sum()
