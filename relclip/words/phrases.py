"""Phrase embeddings, RelCLIP eq. 7: the mean word vector of the tokens of "subject predicate" or "predicate object"."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from relclip.core.vocabulary import Vocabulary
from relclip.words.vectors import tokens

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Phrases:
    """Unit embeddings; row 0 of every axis is background and zero, as is a phrase without any known word.

    subject_predicate: (O+1, P+1, D) by class, predicate. predicate_object: (P+1, O+1, D) by predicate, class.
    predicate: (P+1, D).
    """

    subject_predicate: Floats
    predicate_object: Floats
    predicate: Floats

    def unknown(self) -> int:
        """Number of (class, predicate) phrases without any known word."""
        return int((~self.subject_predicate[1:, 1:].any(axis=-1)).sum())


def embed_phrases(vectors: Mapping[str, Floats], vocabulary: Vocabulary, mean: Floats) -> Phrases:
    """Embed every (class, predicate) phrase: mean of its known words' vectors, less `mean` (D,), L2-normalised.

    The mean does not depend on the order of words, so "man riding" and "riding man" share an embedding and
    `predicate_object` is `subject_predicate` with its axes swapped.
    """
    objects, object_words = _sums(vectors, vocabulary.objects, mean)
    predicates, predicate_words = _sums(vectors, vocabulary.predicates, mean)
    both = objects[:, None] + predicates[None]
    words = object_words[:, None] + predicate_words[None]
    both[0], both[:, 0] = 0.0, 0.0
    pair = _unit(both, words)
    return Phrases(pair, np.ascontiguousarray(pair.swapaxes(0, 1)), _unit(predicates, predicate_words))


def unknown_words(vectors: Mapping[str, Floats], vocabulary: Vocabulary) -> list[str]:
    """Sorted words of the vocabulary's names that have no vector."""
    words = {word for name in vocabulary.objects + vocabulary.predicates for word in tokens(name)}
    return sorted(word for word in words if word not in vectors)


def _sums(
    vectors: Mapping[str, Floats], names: Sequence[str], mean: Floats
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Sum of centred word vectors of each name, (N+1, D), and how many words each sum has, (N+1,)."""
    total = np.zeros((len(names) + 1, len(mean)))
    count = np.zeros(len(names) + 1, np.int64)
    for number, name in enumerate(names, 1):
        for word in tokens(name):
            if word in vectors:
                total[number] += vectors[word] - mean
                count[number] += 1
    return total, count


def _unit(total: NDArray[np.float64], count: NDArray[np.int64]) -> Floats:
    average = total / np.maximum(count, 1)[..., None]
    length = np.linalg.norm(average, axis=-1, keepdims=True)
    return np.divide(average, length, out=np.zeros_like(average), where=length > 0).astype(np.float32)
