"""The spaCy backend on parses set by hand (no model needed), and one sentence where spaCy is absent."""

import sys

import pytest

from relclip.core.errors import InputError
from relclip.kb import Miner, mine_caption
from relclip.kb.align import STANDARD
from relclip.kb.spacy_backend import facts

#: Caption, head of each word, its dependency, its part of speech, what it states.
PARSES = [
    (
        "a man in a shirt riding horses", [1, 1, 1, 4, 2, 4, 5], "det ROOT prep det pobj acl dobj",
        "DET NOUN ADP DET NOUN VERB NOUN", [("man", "riding", "horses")],
    ),
    (
        "board carried by a man", [0, 0, 1, 4, 2], "ROOT acl agent det pobj", "NOUN VERB ADP DET NOUN",
        [("man", "carrying", "board")],
    ),
    (
        "the chair the woman is sitting on", [1, 1, 3, 5, 5, 1, 5], "det ROOT det nsubj aux relcl prep",
        "DET NOUN DET NOUN AUX VERB ADP", [("woman", "sitting on", "chair")],
    ),
    (
        "snow covered mountains", [1, 2, 2], "npadvmod amod ROOT", "NOUN VERB NOUN",
        [("covered mountains", "covered in", "snow")],
    ),
    (
        "man and woman walking on side walk", [0, 0, 0, 0, 3, 6, 4], "ROOT cc conj acl prep compound pobj",
        "NOUN CCONJ NOUN VERB ADP NOUN NOUN",
        [("man", "walking on", "side walk"), ("woman", "walking on", "side walk")],
    ),
]  # fmt: skip


@pytest.mark.parametrize("parse", PARSES, ids=[parse[0] for parse in PARSES])
def test_states(parse):
    spacy = pytest.importorskip("spacy", reason="spaCy is not installed")
    text, heads, deps, tags, expected = parse
    vocab = spacy.blank("en").vocab
    doc = spacy.tokens.Doc(vocab, words=text.split(), heads=heads, deps=deps.split(), pos=tags.split())
    assert list(facts(doc)) == expected


def test_without_spacy_one_sentence(monkeypatch):
    monkeypatch.setitem(sys.modules, "spacy", None)
    with pytest.raises(InputError, match="needs spaCy, which is not installed"):
        Miner(STANDARD, backend="spacy")


def test_without_its_model_one_sentence(monkeypatch):
    pytest.importorskip("spacy", reason="spaCy is not installed")
    monkeypatch.setenv("RELCLIP_SPACY_MODEL", "absent_model")
    with pytest.raises(InputError, match="needs spaCy's model 'absent_model'"):
        mine_caption("a man riding a horse", backend="spacy")


def test_other_backends_are_refused():
    with pytest.raises(InputError, match="'stanza' does not exist; give rules or spacy"):
        Miner(STANDARD, backend="stanza")
