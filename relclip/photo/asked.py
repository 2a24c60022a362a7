"""Predicates that a user names: those that the model was trained on by its own scores, others by CLIP's eye (D39)."""

from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from relclip.core.boxes import Boxes, union
from relclip.core.errors import InputError
from relclip.core.params.train import RankBy
from relclip.core.vocabulary import Vocabulary
from relclip.encoder.encoder import Encoder
from relclip.encoder.regions import embed_regions
from relclip.photo.graph import printable
from relclip.photo.user_boxes import as_known
from relclip.predict.matching import PairTexts, mixed
from relclip.predict.request import Prompts, Request
from relclip.predict.writing import Prediction

#: Letters of a predicate that a user names.
LONGEST = 100
CROPS_AT_ONCE = 64
NOT_TRAINED = "not trained, so CLIP alone says where it holds, and often fails"
NOT_READ = "read as words that its CLIP never learnt, all alike, so that their scores mean nothing"


def by_classifier(request: Request) -> Request:
    """The request with scores that are chances of the classifier, whatever the run's tables rank by."""
    params = request.params.model_copy(update={"by": "classifier", "kb_mask": False})
    return replace(request, params=params, rank_by="sigmoid" if request.rank_by == "sigmoid" else "softmax")


class Asked:
    """The predicates `names`, and how a prediction over a vocabulary's becomes one over these."""

    def __init__(
        self,
        names: Sequence[str],
        vocabulary: Vocabulary,
        encoder: Encoder,
        prompts: Prompts,
        *,
        held_out: Collection[str] = (),
        rank_by: RankBy = "softmax",
    ) -> None:
        """encoder: the CLIP of the prompts; held_out: those of the vocabulary that the training was not shown.

        Raises InputError for bad names, ContractError for an encoder that knows no language.
        """
        self.names = _checked(names, vocabulary)
        added = [name for name in self.names if name not in vocabulary.predicates]
        unseen = {*added, *held_out}
        # rivals in CLIP's eye are all of these
        self._every = [*vocabulary.predicates, *added]
        self._trained = torch.tensor([name not in unseen for name in self._every])
        self._columns = [self._every.index(name) for name in self.names]
        self.untrained = [name for name in self.names if name in unseen]
        self._encoder, self._rank_by = encoder, rank_by
        #: Which of the names are not to be believed as the model's own are.
        self.warnings = self._warnings()
        if self.untrained:
            self._texts = PairTexts(encoder, vocabulary.objects, self._every, prompts)

    def _warnings(self) -> list[str]:
        unread = [name for name in self.untrained if self._encoder.unknown_words(name)]
        said = ((self.untrained, NOT_TRAINED), (unread, NOT_READ))
        return [f"{_were(names)} {what}" for names, what in said if names]

    def of(
        self, prediction: Prediction, picture: NDArray[np.uint8] | None, size: tuple[int, int]
    ) -> Prediction:
        """The same pairs with the scores of these predicates, (P, A).

        picture: (H, W, 3) of the image, which is `size`, width and height, in the pixels of the boxes; needed where
        any of these is untrained.
        """
        scores = torch.from_numpy(prediction.scores)
        if picture is not None:
            scores = torch.cat([scores, scores.new_zeros(len(scores), len(self._every) - scores.shape[1])], 1)
            logits = self._logits(prediction, picture, size)
            scores = mixed(torch.cat([1 - self._related(scores), scores], 1), logits, self._trained, 0.0)
        return replace(prediction, scores=scores[:, self._columns].numpy())

    def _related(self, scores: Tensor) -> Tensor:
        """(P, 1) the chance that any of the model's predicates (P, R) holds."""
        # of a sigmoid each predicate is a question of its own
        return scores.amax(1, keepdim=True) if self._rank_by == "sigmoid" else scores.sum(1, keepdim=True)

    @torch.inference_mode()
    def _logits(self, prediction: Prediction, picture: NDArray[np.uint8], size: tuple[int, int]) -> Tensor:
        """CLIP's logits of the union crop of each pair against the prompts of its triplets, as EXT's: (P, R)."""
        pairs = prediction.pairs
        crops = self._crops(union(*(prediction.boxes[end] for end in pairs.T)), picture, size)
        classes = prediction.class_id[pairs].astype(np.int64)
        found = [torch.zeros((0, len(self._every)))]
        for rows, kinds, kind in self._texts.in_parts(classes):
            found.append(torch.einsum("pd,prd->pr", crops[rows], self._texts.relations(kinds)[kind]))
        return torch.cat(found) * self._encoder.logit_scale

    def _crops(self, boxes: Boxes, picture: NDArray[np.uint8], size: tuple[int, int]) -> Tensor:
        scale = np.tile(np.array(picture.shape[1::-1]) / size, 2)
        regions = [(picture, (boxes * scale).astype(np.float32))]
        return torch.from_numpy(embed_regions(self._encoder, regions, CROPS_AT_ONCE, 0.0))


def _were(names: Sequence[str]) -> str:
    quoted = ", ".join(f"'{name}'" for name in names)
    return f"{quoted} {'was' if len(names) == 1 else 'were'}"


def _checked(predicates: Sequence[str], vocabulary: Vocabulary) -> Sequence[str]:
    """The names, one of the vocabulary's as it stands there. Raises InputError for one that is none, or comes twice."""
    if isinstance(predicates, str):
        raise InputError(
            f"predicates is a list of names, met '{printable(predicates)[:LONGEST]}'; put it in brackets"
        )
    known = vocabulary.predicate_ids
    names = [as_known(name, known) for name in predicates]
    for place, name in enumerate(names):
        if not name.strip() or not name.isprintable() or len(name) > LONGEST or name in names[:place]:
            raise InputError(
                f"the predicate '{printable(name)[:LONGEST]}' is empty, comes twice, has control letters or more than "
                f"{LONGEST} letters; give words such as behind,wearing"
            )
    return names
