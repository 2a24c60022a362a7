"""What a batch should learn: label distributions, their language, their word embeddings, chosen background."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from relclip.compute.device import moved
from relclip.core.errors import InputError
from relclip.model import ImageSet, pair_classes
from relclip.model.contrast import Level, Triplets
from relclip.train.labels import Labels
from relclip.train.language import Phrases, Prompts


@dataclass(frozen=True, eq=False)
class Targets:
    """Targets of one batch with L labelled and B background pairs; rows count within the pairs of the batch."""

    labelled: Tensor  # (L,) rows
    background: Tensor  # (B,) rows
    predicates: Tensor  # (E,) one entry per possible label
    prompts: Tensor  # (E,) rows of the encoded prompts
    weights: Tensor  # (E,)
    instance: Tensor  # (E,) 0 to L - 1
    pair_classes: Tensor  # (L, 2) classes of subject and object

    def distribution(self, predicates: int) -> Tensor:
        """Label distributions over background and `predicates` classes: (L, R + 1)."""
        zeros = torch.zeros(len(self.labelled), predicates + 1, device=self.weights.device)
        return zeros.index_put_((self.instance, self.predicates), self.weights)

    def text(self, prompts: Prompts) -> Triplets:
        """t^r of RelCLIP section 3.2 (possible labels fused by weight), t_i and t_j, L2-normalised: (L, D) each."""
        subject, object_ = functional.normalize(prompts.objects[self.pair_classes], dim=2).unbind(1)
        return Triplets(self._fuse(prompts.triplets[self.prompts]), subject, object_)

    def phrases(self, phrases: Phrases, level: Level) -> Tensor:
        """e of RelCLIP eq. 7 for a level; fused as the text is (D8): (L, E)."""
        return self._fuse(self._vectors(phrases, level))

    def _vectors(self, phrases: Phrases, level: Level) -> Tensor:
        """e of each possible label: (E, width)."""
        if level == "unary":
            return phrases.predicate[self.predicates]
        if level == "triple":
            first, second = (
                self._vectors(phrases, part) for part in ("subject_predicate", "predicate_object")
            )
            return functional.normalize(first + second, dim=1)
        subject, object_ = self.pair_classes[self.instance].unbind(1)
        if level == "subject_predicate":
            return phrases.subject_predicate[subject, self.predicates]
        return phrases.predicate_object[self.predicates, object_]

    def _fuse(self, vectors: Tensor) -> Tensor:
        return weighted_mean(vectors, self.weights, self.instance, len(self.labelled))


class TrainingSet:
    """The labels of a whole image set, ready to be asked for the targets of a few of its images."""

    def __init__(self, images: ImageSet, labels: Labels, prompts: Prompts) -> None:
        self.images = images
        self.labels = labels
        self.classes = np.stack(pair_classes(images), axis=1).astype(np.int32)  # (P, 2)
        subject, object_ = self.classes[labels.pairs].T
        self.prompts = prompts.rows(subject, labels.predicates, object_)

    @cached_property
    def numbers(self) -> NDArray[np.int64]:
        """Images with at least one labelled pair. Raises InputError where there is none at all."""
        counts = np.concatenate([[0], np.cumsum(self.labels.row >= 0)])
        found = np.flatnonzero(np.diff(counts[self.images.pair_start]) > 0)
        if not len(found):
            raise InputError(
                "no overlapping pair of the train images has a label under this supervision; use another "
                "`supervision`, a larger knowledge base, or images whose annotated pairs overlap"
            )
        return found

    def targets(
        self,
        pairs: NDArray[np.int64],
        foreground: NDArray[np.int64],
        background: NDArray[np.int64],
        device: torch.device,
    ) -> Targets:
        """Targets of a batch whose pairs are `pairs` (P,), by number in the set.

        foreground, background: (L,), (B,) rows of them with and without a label.
        """
        entries, instance = self.labels.entries(self.labels.row[pairs[foreground]])
        classes = self.classes[pairs[foreground]].astype(np.int64)
        arrays = {
            "labelled": foreground,
            "background": background,
            "predicates": self.labels.predicates[entries],
            "prompts": self.prompts[entries],
            "weights": self.labels.weights[entries],
            "instance": instance,
            "pair_classes": classes,
        }
        tensors = {name: torch.from_numpy(np.ascontiguousarray(array)) for name, array in arrays.items()}
        return Targets(**{name: moved(tensor, device) for name, tensor in tensors.items()})


def weighted_mean(vectors: Tensor, weights: Tensor, rows: Tensor, count: int) -> Tensor:
    """Fuse the embeddings of an instance's possible labels (RelCLIP section 3.4): mean by weight, L2-normalised (D8).

    vectors: (E, D) one per possible label; weights: (E,); rows: (E,) the instance, 0 to count - 1, each belongs to.
    Returns (count, D); an instance whose vectors are all zero stays zero.
    """
    total = torch.zeros(count, vectors.shape[1], dtype=vectors.dtype, device=vectors.device)
    return functional.normalize(total.index_add_(0, rows, vectors * weights[:, None]), dim=1)
