"""Embeddings of the prompts that pairs are compared with: each distinct text once."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from relclip.core.annotations import Annotations, Ids
from relclip.core.params.ext import Ext
from relclip.core.vocabulary import Vocabulary
from relclip.encoder.encoder import Encoder
from relclip.ext.pairs import Candidates, image_pairs, pair_predicates


class TripletTexts:
    """Text embeddings (T, D) of the distinct prompts of triplets, found by the triplets' ids."""

    def __init__(
        self, encoder: Encoder, vocabulary: Vocabulary, wanted: NDArray[np.bool_], settings: Ext, workers: int
    ) -> None:
        """wanted: (classes + 1, classes + 1, predicates) which triplets (subject, object, predicate - 1) to embed."""
        triplets = np.argwhere(wanted)
        names, predicates = vocabulary.objects, vocabulary.predicates
        texts = [
            settings.prompt.format(subject=names[s - 1], predicate=predicates[p], object=names[o - 1])
            for s, o, p in triplets.tolist()
        ]
        # A prompt without the classes in it has one text a predicate.
        place = {text: number for number, text in enumerate(dict.fromkeys(texts))}
        self._row = np.full(wanted.shape, -1, dtype=np.int32)
        self._row[wanted] = [place[text] for text in texts]
        self.embeddings: NDArray[np.float32] = encoder.encode_texts(list(place), workers=workers).numpy()

    def rows(self, subject_class: Ids, object_class: Ids, predicate: Ids) -> NDArray[np.int32]:
        """Rows of `embeddings` of triplets of ids (predicate 1-based)."""
        return self._row[subject_class, object_class, predicate - 1]


def wanted_triplets(
    annotations: Annotations, images: Iterable[int], candidates: Candidates, predicted: Ids | None = None
) -> NDArray[np.bool_]:
    """(classes + 1, classes + 1, predicates) which triplets the images' pairs are compared with.

    `predicted` (N,) adds, for val and test, the classes that zero-shot gave each object.
    """
    wanted = np.zeros_like(candidates.table)
    for image in images:
        pairs = image_pairs(annotations, image, candidates)
        scored = pair_predicates(annotations, image, pairs, candidates)
        subject, object_ = annotations.class_id[pairs.subject], annotations.class_id[pairs.object]
        np.logical_or.at(wanted, (subject, object_), scored)
        if predicted is not None and annotations.split[image] != "train":
            wanted[predicted[pairs.subject], predicted[pairs.object]] = True
    return wanted
