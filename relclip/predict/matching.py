"""Predicates by matching: the picture of a pair against the prompts of its triplets, as RCL made them alike (D37)."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from relclip.core.errors import ContractError
from relclip.core.vocabulary import Vocabulary
from relclip.encoder.encoder import Encoder, encode_distinct, load_encoder
from relclip.model import Batch, Output, Projections, Triplets, load_contrast, read_about, read_config
from relclip.predict.request import Inputs, Prompts

PAIRS_AT_ONCE = 512
#: Numbers of the texts that pairs are compared with at once, and of those that are kept: 64 MB, 1 GB.
AT_ONCE, KEPT = 1 << 24, 1 << 28
#: Of the interval that holds the likeliest weight.
HALVINGS = 30


class PairTexts:
    """T(.) of RelCLIP 3.2 for the triplets that are asked for, L2-normalised. They are kept until they are many."""

    def __init__(
        self, encoder: Encoder, objects: Sequence[str], predicates: Sequence[str], prompts: Prompts
    ) -> None:
        self._encoder, self._names, self._predicates, self._prompts = encoder, objects, predicates, prompts
        self.dimension = encoder.dimension  # D
        self._known: dict[tuple[int, int], Tensor] = {}

    @cached_property
    def _objects(self) -> Tensor:
        """t of each class (O + 1, D); row 0 is background."""
        texts = [self._prompts.object.format(object=name) for name in self._names]
        own = self._encoder.encode_texts(texts, shown=False)
        return torch.cat([torch.zeros_like(own[:1]), own])

    @property
    def numbers(self) -> int:
        """Of the texts of one pair of classes, R D."""
        return len(self._predicates) * self.dimension

    def relations(self, classes: NDArray[np.int64]) -> Tensor:
        """t^r of K pairs of classes (K, 2), ids from 1: (K, R, D)."""
        pairs = [(int(subject), int(object_)) for subject, object_ in classes]
        if len(self._known) * self.numbers > KEPT:
            self._known.clear()
        self._encode([pair for pair in dict.fromkeys(pairs) if pair not in self._known])
        return torch.stack([self._known[pair] for pair in pairs])

    def of(self, classes: NDArray[np.int64]) -> Triplets:
        """The same, and t_i and t_j beside each (K, R, D)."""
        relation = self.relations(classes)
        subject, object_ = self._objects[torch.from_numpy(classes)][:, :, None].unbind(1)
        return Triplets(relation, subject.expand_as(relation), object_.expand_as(relation))

    def in_parts(self, classes: NDArray[np.int64]) -> Iterator[tuple[slice, NDArray[np.int64], Tensor]]:
        """Rows of P pairs of classes (P, 2), some at a time; the distinct pairs among these (K, 2), and each one's."""
        some = max(1, min(PAIRS_AT_ONCE, AT_ONCE // self.numbers))
        for first in range(0, len(classes), some):
            rows = slice(first, first + some)
            kinds, kind = np.unique(classes[rows], axis=0, return_inverse=True)
            yield rows, kinds, torch.from_numpy(kind.reshape(-1))

    def _encode(self, pairs: Sequence[tuple[int, int]]) -> None:
        texts = [
            self._prompts.triplet.format(
                subject=self._names[subject - 1], predicate=predicate, object=self._names[object_ - 1]
            )
            for subject, object_ in pairs
            for predicate in self._predicates
        ]
        distinct, row = encode_distinct(self._encoder, texts, shown=False)
        rows = row.view(len(pairs), len(self._predicates))
        self._known.update(zip(pairs, distinct[rows].float(), strict=True))


class Matcher:
    """Logits of the predicates of a vocabulary for pairs. `trained` (R,): those that RCL was shown."""

    def __init__(self, contrast: Projections, texts: PairTexts, trained: Tensor) -> None:
        self._contrast, self._texts, self.trained = contrast, texts, trained

    @torch.inference_mode()
    def logits(self, batch: Batch, output: Output, labels: Tensor) -> Tensor:
        """(P, R) logits of a batch's pairs; labels: (N,) classes of its objects, whose names stand in the prompts."""
        device, objects = output.relations.device, output.objects.float()
        classes = torch.stack([labels[batch.subjects], labels[batch.objects]], dim=1).cpu().numpy()
        found = [torch.zeros((0, len(self.trained)), device=device)]
        for rows, kinds, kind in self._texts.in_parts(classes):
            text = Triplets(*(one[kind].to(device) for one in vars(self._texts.of(kinds)).values()))
            visual = Triplets(
                output.relations.float()[rows], objects[batch.subjects[rows]], objects[batch.objects[rows]]
            )
            found.append(self._contrast.matching(visual, text))
        return torch.cat(found)


def load_matcher(inputs: Inputs, vocabulary: Vocabulary, prompts: Prompts, device: torch.device) -> Matcher:
    """The contrast of the model in `inputs.model`, over its predicates.

    Raises ContractError for a model without a contrast and where no encoder is given.
    """
    contrast = load_contrast(inputs.model, device)
    if contrast is None:
        raise ContractError(
            f"the model in {inputs.model} was trained without a contrast (a Motif, rcl.level: none, or by an older "
            "relclip), so its predicates cannot be matched with words; take another run, or train it again"
        )
    if inputs.encoder is None:
        raise ContractError("matching reads the encoder of the prompts: --encoder data/clip/model")
    encoder = load_encoder(inputs.encoder, device)
    texts = PairTexts(encoder, vocabulary.objects, vocabulary.predicates, prompts)
    width = read_config(inputs.model).dimension
    if texts.dimension != width:
        raise ContractError(
            f"the model in {inputs.model} compares {width} numbers, the texts of {inputs.encoder} have "
            f"{texts.dimension}; give the encoder that it was trained with"
        )
    unseen = held_out(inputs.model)
    trained = torch.tensor([name not in unseen for name in vocabulary.predicates], device=device)
    return Matcher(contrast, texts, trained)


def held_out(model: Path) -> set[str]:
    """The predicates of its vocabulary whose labels the training in this folder was not shown (D38)."""
    return set((read_about(model).get("train") or {}).get("held_out") or [])


def mixed(classifier: Tensor, matching: Tensor, trained: Tensor, weight: float) -> Tensor:
    """Chances of predicates from both (D37): the classifier says whether two things are related, both say how.

    classifier: (P, R + 1) chances, column 0 is background; matching: (P, R) logits; trained: (R,). With m the softmax
    of the matching, u its share of what was not trained, w the weight: a trained predicate has
    (1 - w) (1 - u) p_r + w (1 - p_0) m_r, another (1 - p_0) m_r, of which the classifier knows nothing.
    """
    related, match = 1 - classifier[:, :1], matching.softmax(dim=1)
    unseen = match[:, ~trained].sum(dim=1, keepdim=True)
    both = (1 - weight) * (1 - unseen) * classifier[:, 1:] + weight * related * match
    return torch.where(trained, both, related * match)


def best_weight(classifier: Tensor, matching: Tensor) -> float:
    """The weight w in [0, 1] under which (1 - w) c + w m is likeliest; c and m: (K,) chances of what was annotated.

    The likelihood is concave in w, so its slope is halved in.
    """
    low, high = 0.0, 1.0
    classifier, matching = classifier.double(), matching.double()
    tiny = torch.finfo(torch.float64).tiny
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        chance = ((1 - middle) * classifier + middle * matching).clamp(min=tiny)
        rising = float(((matching - classifier) / chance).sum()) > 0
        low, high = (middle, high) if rising else (low, middle)
    return (low + high) / 2


def chances_of(
    classifier: Tensor, matching: Tensor, targets: Tensor, trained: Tensor
) -> tuple[Tensor, Tensor]:
    """What either says of the trained predicates of annotated pairs, given that they are related: (K,), (K,).

    classifier: (P, R + 1) chances; matching: (P, R) logits; targets: (P, R + 1) which predicates a pair has.
    """
    wanted = targets[:, 1:] & trained
    alone = functional.normalize(classifier[:, 1:] * trained, p=1, dim=1)
    matched = matching.masked_fill(~trained, -torch.inf).softmax(dim=1)
    return alone[wanted], matched[wanted]
