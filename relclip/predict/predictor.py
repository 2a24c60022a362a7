"""A trained network as a maker of predictions: its labels, its scores, cut into images."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from relclip.compute.device import best_device
from relclip.core.boxes import apart_pairs
from relclip.core.errors import ContractError
from relclip.core.vocabulary import Vocabulary, load_vocabulary
from relclip.model import (
    Batch,
    ImageSet,
    LabelSource,
    Model,
    Output,
    Regions,
    check_channels,
    check_vocabulary,
    collate,
    load_model,
    predicate_scores,
    with_room,
)
from relclip.predict.knowledge import load_counts
from relclip.predict.matching import Matcher, load_matcher, mixed
from relclip.predict.request import Inputs, Request
from relclip.predict.writing import Prediction


@dataclass(frozen=True)
class Fitted:
    """What was fitted on validation: temperatures that divide logits (Guo et al. 2017), the weight of the matching."""

    predicate_temperature: float = 1.0
    object_temperature: float = 1.0
    matching_weight: float = 0.0  # of `by: both`


class Predictor:
    """A network with the way its triplets are scored."""

    def __init__(
        self,
        network: Model,
        request: Request,
        candidates: Tensor | None = None,
        device: torch.device | None = None,
    ) -> None:
        """`candidates`: (O + 1, O + 1, R) which triplets may be predicted; none: all. All on `device`."""
        self.network, self.request, self.candidates = network, request, candidates
        self.fitted = Fitted()
        self.matcher: Matcher | None = None
        self.device = device or best_device()

    @classmethod
    def load(cls, request: Request, inputs: Inputs, device: str = "auto") -> "Predictor":
        """Read a trained model and what masks it.

        Raises ContractError where they are missing or belong to another vocabulary than the data set's.
        """
        place = best_device(device)
        network = load_model(inputs.model, place)
        vocabulary = load_vocabulary(inputs.dataset / "vocabulary.json")
        check_vocabulary(inputs.model, network, vocabulary)
        candidates = _candidates(inputs, vocabulary, request)
        made = cls(network, request, candidates if candidates is None else candidates.to(place), place)
        if request.params.by != "classifier":
            made.matcher = load_matcher(inputs, vocabulary, request.prompts, place)
        return made

    def regions(self, images: ImageSet, inputs: Inputs, *, shared: bool = True) -> Regions:
        """Pool regions as the network wants them. Raises ContractError where the maps are another encoder's."""
        check_channels(inputs.model, self.network, images.maps.shape[3])
        return Regions(images, self.network.config.roi_size, self.device, memory=0, shared=shared)

    def ask(
        self, regions: Sequence[Regions], numbers: Sequence[int], sources: Sequence[LabelSource]
    ) -> list[tuple[Batch, list[Output]]]:
        """A batch of these images of each set of pairs, and what the network says of it for each source of labels.

        Where memory does not suffice, without the maps that a GPU keeps. Raises ContractError as `answers` does.
        """

        def asked() -> list[tuple[Batch, list[Output]]]:
            batches = [collate(some, numbers) for some in regions]
            return [(batch, self.answers(batch, sources)) for batch in batches]

        return with_room(asked)

    @torch.inference_mode()
    def answers(self, batch: Batch, sources: Sequence[LabelSource]) -> list[Output]:
        """What the network says of a batch, for each source of labels. Raises ContractError for NaN and infinity."""
        answers = self.network.answers(batch, sources)
        logits = [answers[0].object_logits, *(answer.predicate_logits for answer in answers)]
        if not all(torch.isfinite(one).all() for one in logits):
            raise ContractError("the model gives scores that are no finite numbers; train that run again")
        return answers

    def labels(self, logits: Tensor) -> tuple[Tensor, Tensor]:
        """(N, O + 1) logits, column 0 is background -> class ids 1..O (N,) and their share of the softmax (N,)."""
        # The best logit, not the best share: a high temperature makes shares equal in their last bits.
        label = logits[:, 1:].argmax(dim=1) + 1
        chances = (logits.float() / self.fitted.object_temperature).softmax(dim=1)
        return label, chances.gather(1, label[:, None])[:, 0]

    def scores(self, batch: Batch, answer: Output, labels: Tensor) -> Tensor:
        """(P, R) scores of a batch's pairs; NaN where the knowledge base has no such triplet of these labels (N,)."""
        scores = self._scores(batch, answer, labels)
        if self.candidates is None:
            return scores
        return torch.where(self.candidates[labels[batch.subjects], labels[batch.objects]], scores, torch.nan)

    def _scores(self, batch: Batch, answer: Output, labels: Tensor) -> Tensor:
        rank_by, logits = self.request.rank_by, answer.predicate_logits
        if self.matcher is None:
            return predicate_scores(logits / self.fitted.predicate_temperature, rank_by)
        matching = self.matcher.logits(batch, answer, labels)
        if self.request.params.by == "both":
            return mixed(
                logits.float().softmax(dim=1), matching, self.matcher.trained, self.fitted.matching_weight
            )
        # texts say what holds, none says that nothing does
        background = torch.full_like(matching[:, :1], -torch.inf)
        return predicate_scores(torch.cat([background, matching], dim=1), rank_by)


def pair_sets(images: ImageSet, pairs: str) -> list[ImageSet]:
    """Return the sets to predict one after the other.

    Overlapping pairs are seen together, as in training, and so keep their scores whether or not the others are asked
    for; `pairs: all` adds those in a pass of their own, where the relation adaptor sees them alone (D17).
    """
    if pairs == "overlapping":
        return [images]
    return [images, images.with_pairs(apart_pairs(images.boxes[rows]) for rows in images.object_rows())]


def split_by_image(
    sets: Sequence[ImageSet],
    numbers: range,
    labels: tuple[NDArray[np.int64], NDArray[np.float32]],
    scores: Sequence[NDArray[np.float32]],
) -> Iterator[Prediction]:
    """Cut what was found in a batch into its images.

    labels: classes (N,) and their scores (N,); scores: (P, R) of the pairs of each set.
    """
    images = sets[0]
    before = images.object_start[numbers.start]
    starts = [pairwise(_starts(some, numbers)) for some in sets]
    for number, *parts in zip(numbers, *starts, strict=True):
        rows = images.objects_of(number)
        some = slice(rows.start - before, rows.stop - before)
        pairs = np.concatenate([one.pairs[one.pairs_of(number)] for one in sets])
        found = np.concatenate([one[slice(*part)] for one, part in zip(scores, parts, strict=True)])
        order = np.lexsort((pairs[:, 1], pairs[:, 0])) if len(sets) > 1 else slice(None)
        yield Prediction(
            image_id=int(images.image_ids[number]),
            object_id=images.object_ids[rows],
            class_id=labels[0][some],
            object_score=labels[1][some],
            boxes=images.boxes[rows],
            pairs=pairs[order],
            scores=found[order],
        )


def _starts(images: ImageSet, numbers: range) -> NDArray[np.int64]:
    """Where the pairs of each image of a batch begin in it, and the end: (B + 1,)."""
    first = images.pair_start[numbers.start : numbers.stop + 1]
    return first - first[0]


def _candidates(inputs: Inputs, vocabulary: Vocabulary, request: Request) -> Tensor | None:
    """(O + 1, O + 1, R) which triplets the knowledge base knows, where it masks the predicates."""
    if not request.params.kb_mask:
        return None
    if inputs.kb is None:
        raise ContractError(
            "predict.kb_mask is true, so the folder of the kb stage must be given: --kb data/kb"
        )
    counts = load_counts(inputs.kb, vocabulary, request.params.kb_min_count)
    return torch.from_numpy(counts > 0)
