"""What words are taken for, each seen by what a caption states in the vocabulary of VG-150 and VG-50."""

import pytest

from relclip.core.vocabulary import Vocabulary, load_names
from relclip.kb import Miner, mine_caption

VOCABULARY = Vocabulary(load_names("vg150"), load_names("vg50"))
CASES = {
    "a short word in -ing": [
        ("a woman on a horse going down a hill", "woman on horse"),
        ("a man on a bench doing his work", "man on bench"),
        ("a girl wearing a ring", ""),
    ],
    "a noun in -ed or -ly": [
        ("a girl with butterfly wings", "girl with wing"),
        ("a man wearing a seaweed hat", "man wearing hat"),
        ("a man wearing a hooded jacket", "man wearing jacket"),
    ],
    "a verb that is seldom met": [
        ("a man in a hat sews", "man wearing hat"),
        ("a woman at a table kneels", "woman at table"),
        ("people on a bench interact with a dog", "people on bench"),
    ],
    "can be is, may be is not; but in may, one named will": [
        ("on 1st may a man is holding a flag", "man holding flag"),
        ("a boy named will riding a horse", "boy riding horse"),
        ("a dog can be seen on a bed", "dog on bed"),
        ("a man may be holding a cat", ""),
        ("a boy will be holding a kite", ""),
    ],
    "a direction": [
        ("a boy riding a bike uphill", "boy riding bike"),
        ("a boy riding a skateboard downhill", "boy riding skateboard"),
    ],
    "more than": [("more than ten people holding umbrellas", "people holding umbrella")],
    "a verb's form before a noun": [
        ("a boy in swim shorts", "boy wearing short"),
        ("a man at a bus stop", ""),
        ("people sitting on a bus stop bench", "people sitting on bench"),
        ("a man does a jump on his skateboard", "man has skateboard"),
        ("a guy rides a converted bike", "guy riding bike"),
        ("two women with short hair talk to a man", "woman with hair"),
    ],
}


@pytest.mark.parametrize("kind", CASES)
def test_words_are_taken_for_what_they_are(kind):
    for caption, expected in CASES[kind]:
        found = "; ".join(map(" ".join, mine_caption(caption, VOCABULARY)))
        assert found == expected, caption


def test_a_users_verb_goes_before_a_typed_noun():
    """`grilled` and `fed` were adjectives and nouns for a vocabulary whose predicates they are, too."""
    words = Vocabulary(("man", "dog", "fish"), ("grilling", "feeding"))
    assert mine_caption("two men feed a dog", words) == [("man", "feeding", "dog")]
    assert mine_caption("a fish grilled by a man", words) == [("man", "grilling", "fish")]
    assert mine_caption("a dog with grilled fish", words) == []


@pytest.mark.parametrize("predicate", ["around", "outside", "opposite", "across from", "far from", "adjacent to",
                                       "taller than", "in contact with", "walking down", "wrapped around",
                                       "standing across from"])  # fmt: skip
def test_a_preposition_that_only_the_users_predicates_make(predicate):
    words = Vocabulary(("man", "dog"), (predicate, "sitting on", "looking at"))
    assert Miner(words).not_mined.predicates == ()
    for caption in (
        f"the man is {predicate} the dog",
        f"a man {predicate} a dog",
        f"two men {predicate} dogs",
    ):
        assert mine_caption(caption, words) == [("man", predicate, "dog")]
    others = "a man sits down on a dog. a man outside looks around at a dog"
    assert mine_caption(others, words) == [("man", "sitting on", "dog"), ("man", "looking at", "dog")]


def test_a_participle_that_is_the_base_form_too():
    words = Vocabulary(("man", "dog"), ("hitting",))
    assert mine_caption("the dog hit by two men", words) == [("man", "hitting", "dog")]
    assert mine_caption("two men hit the dog by a house", words) == [("man", "hitting", "dog")]
    both = Vocabulary(("man", "dog", "fence"), ("hit by", "hitting", "running"))
    assert mine_caption("a dog hit by a man", both) == [("dog", "hit by", "man")]
    assert mine_caption("two dogs run by a fence", both) == []


def test_words_before_a_preposition_that_make_none_with_it():
    """`logo on` and `people are in` swallowed a class, a verb and its subject in every caption."""
    words = Vocabulary(("logo", "shirt", "people", "boat"), ("logo on", "people are in", "on", "in"))
    assert mine_caption("a logo on a shirt", words) == [("logo", "on", "shirt")]
    assert mine_caption("people are in a boat", words) == [("people", "in", "boat")]


def test_a_direction_that_one_verb_has_is_passed_over_by_others():
    words = Vocabulary(("man", "table", "dog"), ("looking down at", "sitting at", "at"))
    assert mine_caption("a man sits down at a table", words) == [("man", "sitting at", "table")]
    assert mine_caption("a man looks down at a dog", words) == [("man", "looking down at", "dog")]


def test_a_preposition_within_another_is_found_whichever_comes_first():
    names = ("away from", "far away from", "very close to")
    for predicates in (names, names[::-1]):
        words = Vocabulary(("man", "dog"), predicates)
        assert [mine_caption(f"a man {name} a dog", words) for name in names] == [
            [("man", name, "dog")] for name in names
        ]


def test_an_adverb_before_a_sentence_is_no_preposition():
    words = Vocabulary(("man", "dog"), ("outside", "riding"))
    assert mine_caption("outside a man is riding a dog", words) == [("man", "riding", "dog")]
