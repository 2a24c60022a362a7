"""Blocks read fast equal captions read plainly: a loop over chunks, every word of the grammar asked, from the left."""

import gzip
import random
from itertools import accumulate
from pathlib import Path

import pytest

from relclip.core.vocabulary import Vocabulary, load_names
from relclip.kb import STANDARD, Miner, grammar, mine_caption, parser, phrases, rules
from relclip.kb.objects import Wanted
from relclip.kb.plain import plain
from relclip.kb.predicates import Grammar
from relclip.kb.tagger import Tags, cleaned, words_of
from relclip.raw.scenes.corpus import write_captions

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data"
MORE = (
    "on",
    "in",
    "has",
    "of",
    "wearing",
    "holding",
    "with",
    "under",
    "behind",
    "at",
    "in front of",
    "looking at",
)
VOCABULARIES = [
    STANDARD,
    Vocabulary(STANDARD.objects, (*STANDARD.predicates, *MORE)),
    Vocabulary(
        ("man", "he", "hand", "side", "group", "horse", "shirt"),
        ("of", "on", "covering", "wearing", "riding"),
    ),
]
SALAD = """a man , and it of riding covered in on by that is to snow horse . the 's ' - ( sat \x00 \u00e9 he his not no
    with group wearing hat red side their hand long haired woman who there painted has at under tree or without branch
    painting which"""


def salad(number):
    chance = random.Random(number)
    return [" ".join(chance.choices(SALAD.split(), k=chance.randrange(24))) for _ in range(2500)]


def real(number):
    files = sorted((SHARED / "captions").glob("*.gz"))
    if not files:
        pytest.skip("real captions (../shared/data/captions) are not on this machine")
    lines = gzip.decompress(files[number % len(files)].read_bytes()).decode().splitlines()
    return [line.split("\t")[0] for line in random.Random(number).sample(lines, 3000)]


def scenes(number):
    return [text for text, _ in write_captions(number, 1500)]


@pytest.mark.parametrize("vocabulary", VOCABULARIES, ids=["20", "more", "few"])
@pytest.mark.parametrize("source", [salad, real, scenes])
def test_reading_what_may_state_something_equals_reading_all(monkeypatch, source, vocabulary):
    captions = list(map(plain, source(VOCABULARIES.index(vocabulary))))
    fast = Miner(vocabulary).triplets_of_lines(captions)
    monkeypatch.setattr(parser, "DEEP", 0)
    monkeypatch.setattr(
        rules, "_places", lambda code: tuple(place for place, letter in enumerate(code) if letter in "TKPOH")
    )
    slow = Miner(vocabulary)
    assert fast == [slow.triplets_of_lines([caption])[0] for caption in captions]
    assert sum(map(bool, fast)) > 2


def plainly(words, tags):
    """(words, mark) of each chunk of one caption, by a loop over its pieces."""
    pieces = phrases._CHUNK.findall(phrases._in_context("".join(map(tags.__getitem__, words))))
    ends = list(accumulate(map(len, pieces)))
    found = []
    for place, (piece, end) in enumerate(zip(pieces, ends, strict=True)):
        before = pieces[place - 1] if place else ""
        stray = (piece == "o" and before in ("d", "h")) or (piece == "," and before == "A")
        if piece not in "dAhrl" and not stray:
            mark = phrases._Marks()[piece]
            found.append(
                (words[end - len(piece) : end], mark.lower() if before == "r" and mark in "NDHQ" else mark)
            )
    kind = ["N" if mark in "NDHZQndhq" else mark for _, mark in found] + [""] * 2
    passed = set()
    for place, (phrase, _) in enumerate(found[:-1]):
        if kind[place] == "N" and kind[place + 1] == "o":
            around = phrase[-1] in grammar.RELATIONAL and place and kind[place - 1] in ("p", "t")
            if around or (kind[place + 2] == "N" and phrases._measures(phrase[-1], found[place + 2][0][-1])):
                passed |= {place, place + 1}
            if around:
                found[place - 1][0].extend([phrase[-1], "of"])
    return [chunk for place, chunk in enumerate(found) if place not in passed]


@pytest.mark.parametrize("source", [salad, real, scenes])
def test_chunks_of_a_block_equal_those_of_each_caption(source):
    words = Grammar((*load_names("vg20"), *MORE))
    tags = Tags(words.tags, ["man", "horse"])
    captions = list(map(plain, source(5)))
    cut = phrases.chunks(words_of(cleaned("\n".join(captions), words.phrases)), tags)
    heads, marks = iter(cut.heads), cut.marks.split("\n")
    for caption, found in zip(captions, marks, strict=False):
        expected = plainly(words_of(cleaned(caption, words.phrases))[:-1], tags)
        assert found == "".join(mark for _, mark in expected)
        assert [next(heads).split()[-1] for _ in found] == [phrase[-1] for phrase, _ in expected]
        next(heads)


def test_what_may_name_a_class_does_not_hang_on_what_was_met_before():
    """`jerseys` might name one once `jersey` had been looked up and was none: another order, other triplets."""
    wanted = Wanted(["dog"])
    assert not wanted["jersey"] and not wanted["jerseys"]
    assert wanted["dogs"] and wanted["sheep-dog"]


def test_places_that_were_passed_over():
    """Found by reading all of 232,878 captions the slow way, with 20 predicates and with 50."""
    assert mine_caption("a woman eating a dish of food") == [("woman", "eating", "food")]
    words = Vocabulary(("men", "dog"), ("holding", "on", "by"))
    assert mine_caption("dogs held on leashes by men", words) == [("men", "holding", "dog")]


def test_a_list_is_read_to_its_end():
    caption = "a man with gold necklaces, a red jacket, an earring, and eyeliner smokes"
    words = Vocabulary(("man", "jacket"), ("with",))
    assert Miner(words).triplets(caption) == ((1, 1, 2),)
