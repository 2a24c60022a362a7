"""Predicate words: inflections of the verb, passives, and the words that must not match."""

from collections import Counter
from pathlib import Path

import pytest

from relclip.core.entries import read_entries
from relclip.core.forms import load_aliases
from relclip.core.vocabulary import load_names
from relclip.dataset.names import PredicateWords

CLASSES = load_names("vg20")
SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data"

NONE = (
    """
wears|in front of|standing in front of|standing|covered|is carried by|is carried|has been carried|ridden by|used by
sitting next to|walking|on|in|has|is||the|not riding|look obj|hold obj|playing with|sitting in|hanging on|flying over
is ride
""".strip()
    .replace("\n", "|")
    .split("|")
)


def found(words, match="lemma", aliases=None, classes=CLASSES):
    number = PredicateWords(classes, aliases or {}, match).find(words)
    return classes[number - 1] if number else None


@pytest.mark.parametrize(
    ("words", "expected"),
    [(name, name) for name in CLASSES]
    + [
        (form, "riding")
        for form in ("ride", "rides", "rode", "is riding", "riding on", "are riding a", "RIDING THE")
    ]
    + [
        (form, "sitting on")
        for form in ("sit on", "sits on", "sat on", "is seated on", "sitting on top of", "sit instr")
    ]
    + [
        (form, "covered in")
        for form in ("covered with", "covered by", "is covered by a", "that is covered in")
    ]
    + [
        ("covers", "covering"),
        ("is parked on", "parked on"),
        ("has been parked on", "parked on"),
        ("hung from", "hanging from"),
        ("laying on", "lying on"),
        ("eat obj", "eating"),
        ("a riding", "riding"),
        ("says ", "says"),
        ("walks in", "walking in"),
    ]
    + [(words, None) for words in NONE],
)
def test_lemma(words, expected):
    assert found(words) == expected


def test_exact_is_lower_case_and_nothing_else():
    assert found("Sitting On", "exact") == "sitting on"
    assert [found(words, "exact") for words in ("sitting on ", "sits on", "sitting  on")] == [None] * 3


def test_aliases_serve_both_ways(tmp_path):
    path = tmp_path / "alias.txt"
    path.write_text("hanging from,hanging on,hangs on\nsits on,perched on\n")
    aliases = load_aliases(str(path))
    assert found("Hanging on", "exact", aliases) == "hanging from"
    assert found("perched on", "exact", aliases) is None
    assert found("perched on", "lemma", aliases) == "sitting on"


def test_other_vocabularies():
    classes = ("has", "on", "in front of", "holding", "wearing", "wears", "looking at", "belonging to")
    assert [found(words, classes=classes) for words in ("has a", "is on the", "are holding")] == [
        "has",
        "on",
        "holding",
    ]
    assert [found(words, classes=classes) for words in ("in front", "is held", "looks", "worn by")] == [
        None
    ] * 4
    met = {"hold": "holding", "held": "holding", "hold obj": "holding", "wear": "wearing", "wore": "wearing"}
    met |= {"wears": "wears", "that looks at": "looking at", "belongs to": "belonging to"}
    assert {words: found(words, classes=classes) for words in met} == met


@pytest.mark.skipif(not (SHARED / "photos").is_dir(), reason="needs ../shared/data/photos")
def test_photographs_reach_the_counts_made_by_hand():
    relations = (
        words
        for entry in read_entries(SHARED / "photos/relationships.json")
        for words in entry["relationships"]
    )
    counts = Counter(found(relation["predicate"]) for relation in relations)
    del counts[None]
    assert counts == {
        "sitting on": 37,
        "riding": 22,
        "carrying": 12,
        "using": 5,
        "lying on": 4,
        "eating": 4,
        "standing on": 3,
        "covering": 2,
    }
