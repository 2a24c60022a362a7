"""Phrase vectors against a plain reference, the same bytes for the same seed, unknown words counted."""

import gzip
import json
import os
import subprocess
import sys

import numpy as np
import pytest
from safetensors.numpy import load_file

from relclip.core.errors import InputError
from relclip.core.params.words import Words
from relclip.core.vocabulary import Vocabulary
from relclip.words.build import build, embed_phrases

VOCABULARY = Vocabulary(("man", "fire truck", "yeti"), ("riding", "sitting on"))
SENTENCES = [
    "a man riding a truck",
    "the man sitting on a fire truck",
    "fire on the truck",
    "a man is riding on",
]


@pytest.fixture
def vocabulary(tmp_path):
    VOCABULARY.save(tmp_path / "vocabulary.json")
    return tmp_path / "vocabulary.json"


@pytest.fixture
def captions(tmp_path):
    path = tmp_path / "captions.tsv"
    path.write_text("".join(f"{SENTENCES[n % 4]}\t{n}\n" for n in range(60)), "utf-8")
    return path


def random_vectors(words, dimension=5):
    chance = np.random.default_rng(0)
    return {word: chance.normal(size=dimension).astype(np.float32) for word in words.split()}


@pytest.mark.parametrize("known", ["man fire truck riding sitting on", "man truck on", "man"])
def test_equals_the_plain_reference(known):
    vectors, mean = random_vectors(known), np.full(5, 0.3, np.float32)
    phrases = embed_phrases(vectors, VOCABULARY, mean)

    def plain(phrase):
        found = [vectors[word] for word in phrase.split() if word in vectors]
        if not found:
            return np.zeros(5)
        average = np.mean(found, axis=0) - mean
        return average / np.linalg.norm(average)

    for c, subject in enumerate(VOCABULARY.objects, 1):
        for p, predicate in enumerate(VOCABULARY.predicates, 1):
            np.testing.assert_allclose(
                phrases.subject_predicate[c, p], plain(f"{subject} {predicate}"), atol=1e-6
            )
            np.testing.assert_allclose(
                phrases.predicate_object[p, c], plain(f"{predicate} {subject}"), atol=1e-6
            )
            np.testing.assert_allclose(phrases.predicate[p], plain(predicate), atol=1e-6)
    assert not phrases.subject_predicate[0].any() and not phrases.subject_predicate[:, 0].any()
    assert not phrases.predicate_object[0].any() and not phrases.predicate_object[:, 0].any()


def test_files_shapes_and_counts(tmp_path, captions, vocabulary):
    statistics = build([captions], vocabulary, tmp_path / "words", Words(dimension=8, min_count=1))
    tensors = load_file(tmp_path / "words" / "phrases.safetensors")
    assert {name: value.shape for name, value in tensors.items()} == {
        "subject_predicate": (4, 3, 8),
        "predicate_object": (3, 4, 8),
        "predicate": (3, 8),
    }
    np.testing.assert_allclose(np.linalg.norm(tensors["subject_predicate"][1:, 1:], axis=-1), 1, rtol=1e-5)
    assert statistics["unknown_words"] == ["yeti"]
    assert statistics == json.loads((tmp_path / "words" / "statistics.json").read_text())


def test_phrases_without_a_known_word_are_zero_and_counted(tmp_path, captions, vocabulary):
    captions.write_text("man man man truck\t1\n" * 3)
    statistics = build([captions], vocabulary, tmp_path / "words", Words(dimension=4, min_count=1))
    assert statistics["phrases_without_known_word"] == 2
    assert statistics["unknown_words"] == ["fire", "on", "riding", "sitting", "yeti"]
    assert not load_file(tmp_path / "words" / "phrases.safetensors")["subject_predicate"][3].any()


def test_same_seed_same_bytes_in_any_process(tmp_path, captions, vocabulary):
    script = (
        "import sys; from pathlib import Path; from relclip.core.params.words import Words\n"
        "from relclip.words.build import build\n"
        "build([Path(sys.argv[1])], Path(sys.argv[2]), Path(sys.argv[3]), Words(dimension=8))"
    )
    command = [sys.executable, "-c", script, str(captions), str(vocabulary), str(tmp_path / "other")]
    subprocess.run(command, check=True, env=os.environ | {"PYTHONHASHSEED": "2"}, stderr=subprocess.DEVNULL)
    build([captions], vocabulary, tmp_path / "here", Words(dimension=8))
    build([captions], vocabulary, tmp_path / "seed", Words(dimension=8, seed=1))
    here, other, seed = (
        (tmp_path / name / "phrases.safetensors").read_bytes() for name in ("here", "other", "seed")
    )
    assert here == other
    assert here != seed


@pytest.mark.parametrize("zipped", [False, True])
def test_vectors_from_a_word2vec_file(tmp_path, vocabulary, zipped):
    vectors = random_vectors("man truck riding on")
    text = "4 5\n" + "".join(f"{word} {' '.join(map(str, vector))}\n" for word, vector in vectors.items())
    path = tmp_path / ("vectors.txt.gz" if zipped else "vectors.txt")
    path.write_bytes(gzip.compress(text.encode()) if zipped else text.encode())
    build([], vocabulary, tmp_path / "words", Words(source=str(path), centre=False))
    expected = embed_phrases(vectors, VOCABULARY, np.zeros(5, np.float32))
    found = load_file(tmp_path / "words" / "phrases.safetensors")
    np.testing.assert_allclose(found["subject_predicate"], expected.subject_predicate, atol=1e-5)


@pytest.mark.parametrize(
    "content", [b"", b"words\n", b"999999999 999999999\n", b"2 3\nman 1 2\n", b"\x1f\x8bgarbage"]
)
def test_broken_vector_files_are_refused(tmp_path, vocabulary, content):
    path = tmp_path / "vectors.txt"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"vectors\.txt"):
        build([], vocabulary, tmp_path / "words", Words(source=str(path)))


def test_captions_without_words_are_refused(tmp_path, vocabulary):
    path = tmp_path / "captions.tsv"
    path.write_text("")
    with pytest.raises(InputError, match="no word is met 2 times"):
        build([path], vocabulary, tmp_path / "words", Words())
