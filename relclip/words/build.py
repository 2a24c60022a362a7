"""The whole stage: word vectors, phrase embeddings, one safetensors file and its statistics."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from gensim.models import KeyedVectors
from numpy.typing import NDArray
from safetensors.numpy import save

from relclip.compute.seal import UNSEALED, write_sealed
from relclip.core.atomic import write_json
from relclip.core.errors import InputError
from relclip.core.params.words import Words
from relclip.core.vocabulary import Vocabulary, load_vocabulary
from relclip.words.vectors import read_vectors, tokens, train

Floats = NDArray[np.float32]
EPSILON = 0.7
#: Phrases whose cosines statistics.json sums up.
COMPARED = 2000


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


def build(files: Sequence[Path], vocabulary_file: Path, output: Path, params: Words) -> dict[str, Any]:
    """Write phrases.safetensors and statistics.json to `output`; return the statistics.

    Vectors are trained on the caption `files`, or those that `params.source` names: a file or a download.
    Raises InputError (captions, vectors), ContractError (vocabulary).
    """
    vocabulary = load_vocabulary(vocabulary_file)
    vectors = train(files, params) if params.source == "captions" else read_vectors(params.source)
    phrases = embed_phrases(vectors, vocabulary, centre(vectors, params.centre))
    if not phrases.subject_predicate.any():
        raise InputError(
            f"no word of the vocabulary {vocabulary_file} has a vector; give other captions or words.source"
        )
    statistics = summary(vectors, vocabulary, phrases)
    write_sealed(output / "phrases.safetensors", save(vars(phrases), UNSEALED))
    write_json(output / "statistics.json", statistics)
    return statistics


def centre(vectors: KeyedVectors, wanted: bool) -> Floats:
    """The mean vector of the corpus, (D,): each word as often as it is met (a file has ranks for that); or zeros.

    Without it most cosines of a small corpus are far above 0 and many unlike phrases pass for synonyms.
    """
    if not wanted:
        return np.zeros(vectors.vector_size, np.float32)
    counts = [vectors.get_vecattr(word, "count") for word in vectors.index_to_key]
    return np.average(vectors.vectors.astype(np.float64), axis=0, weights=counts).astype(np.float32)


def summary(vectors: KeyedVectors, vocabulary: Vocabulary, phrases: Phrases) -> dict[str, Any]:
    """Counts of words and of phrases that have none, and how the cosines of "subject predicate" phrases spread."""
    unknown = unknown_words(vectors, vocabulary)
    return {
        "words": len(vectors),
        "dimension": vectors.vector_size,
        "unknown_words": unknown,
        "unknown_word_count": len(unknown),
        "phrases": len(vocabulary.objects) * len(vocabulary.predicates),
        "phrases_without_known_word": phrases.unknown(),
        "cosine": _spread(phrases.subject_predicate[1:, 1:].reshape(-1, vectors.vector_size)),
    }


def _spread(embeddings: Floats) -> dict[str, float]:
    """Quantiles of the cosines between up to COMPARED evenly chosen phrases, each with another."""
    known = embeddings[embeddings.any(axis=1)]
    known = known[:: max(1, -(-len(known) // COMPARED))]
    cosines = (known @ known.T)[~np.eye(len(known), dtype=bool)]
    if not len(cosines):
        return {}
    quantiles = dict(zip(("p10", "p50", "p90"), np.quantile(cosines, (0.1, 0.5, 0.9)), strict=True))
    shares = {"below_0": (cosines < 0).mean(), f"above_{EPSILON}": (cosines > EPSILON).mean()}
    return {name: round(float(value), 4) for name, value in (quantiles | shares).items()}
