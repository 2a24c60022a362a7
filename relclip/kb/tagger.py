"""Caption -> words and tags. One letter a word (see `grammar`), so that phrases are regular expressions over tags."""

import re
from functools import lru_cache
from typing import NamedTuple

from relclip.kb import grammar, lexicon

REMEMBERED_WORDS = 500_000
REMEMBERED_TAGS = 1 << 16
#: Words of a caption that are looked at, so that time stays linear whatever the file.
LONGEST = 300
_BLANK = '"`[]{}<>*#~=+/\\^$%@'
_PLURALS = frozenset(lexicon.PLURALS.split())

#: d+ may be followed by participles used as adjectives; a verb form that is also a noun joins a preceding noun.
_CHUNK = re.compile(
    r"(q|(?:d[dr]*[GEge]*|(?<=[po])[GEge]+|(?<=[GEFBSgf])[Ee])?[ns](?:[ns]|(?<=n)B(?!d)|m(?=[ns]))*|d+[BS][ns]*)"
    r"|(?<!d)[^dr]|(?<=d)[^dro]"
)


class Chunks(NamedTuple):
    """Place by place: kind 'N' for a noun phrase (its head is its last word), else the word's tag; words[start:end]."""

    kinds: str
    starts: list[int]
    ends: list[int]


class Tags(dict[str, str]):
    """Word -> tag. Words met for the first time get one by their ending, and keep it."""

    def __init__(self) -> None:
        super().__init__()
        for tag, words in grammar.CLOSED.items():
            self.update(dict.fromkeys(words.split(), tag))
        self.update(dict.fromkeys(lexicon.OTHER_FINITE.split(), "f"))
        self.update(dict.fromkeys(lexicon.OTHER_BASE.split(), "v"))
        for verb in grammar.VERBS:
            forms = {"G": verb.gerund, "E": verb.participle, "F": verb.finite}
            forms |= {"B": verb.base, "S": verb.ambiguous}
            for tag, words in forms.items():
                self.update(dict.fromkeys(words.split(), tag))
        self.update(dict.fromkeys(_PLURALS, "s"))
        self.update(dict.fromkeys(lexicon.JOINING.split(), "m"))
        for word in lexicon.NOUNS_LIKE_VERBS.split():
            self[word] = "s" if word.endswith("s") else "n"

    def __missing__(self, word: str) -> str:
        tag = _by_ending(word)
        if len(self) < REMEMBERED_WORDS:
            self[word] = tag
        return tag


def _by_ending(word: str) -> str:
    if word.isdigit():
        return "d"
    if word.endswith("ing") and len(word) > 5:
        return "g"
    if word.endswith("ed") and len(word) > 4:
        return "e"
    if word.endswith("ly") and len(word) > 4:
        return "r"
    return "s" if word.endswith("s") and not word.endswith(("ss", "us", "'s")) else "n"


TAGS = Tags()


def split(caption: str) -> list[str]:
    """Lower-case words of a caption, punctuation as words of its own, `man 's` joined, fixed phrases as one word."""
    return words_of(cleaned(caption))


def cleaned(text: str) -> str:
    """One caption, or many with a line end between them, so that `words_of` only cuts at blanks.

    Python's own replace over a whole block costs a tenth of a caption at a time.
    """
    text = f" {text.lower()} ".replace("\n", " \n ").replace("’", "'")
    for mark in _BLANK:
        text = text.replace(mark, " ")
    for mark in ".,;:!?()":
        text = text.replace(mark, f" {mark} ")
    text = text.replace(" 's ", "'s ").replace("-covered", " covered")
    for phrase, replacement in grammar.PHRASES.items():
        text = text.replace(phrase, replacement)
    return text


def words_of(text: str) -> list[str]:
    """The words of one cleaned caption."""
    return text.split(None, LONGEST)[:LONGEST]


def chunks(words: list[str]) -> Chunks:
    """Cut words into noun phrases and single words; adverbs are left out, measures (a group of) are passed over."""
    cut = _cut("".join(map(TAGS.__getitem__, words)))
    return _without_measures(words, cut) if "NoN" in cut.kinds else cut


@lru_cache(REMEMBERED_TAGS)
def _cut(tags: str) -> Chunks:
    """The chunks of a string of tags, remembered: captions are built alike."""
    kinds: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for match in _CHUNK.finditer(tags):
        start, end = match.span()
        kinds.append("N" if match.lastindex else match[0])
        starts.append(start)
        ends.append(end)
    return Chunks("".join(kinds), starts, ends)


def _without_measures(words: list[str], cut: Chunks) -> Chunks:
    kinds, starts, ends = cut
    passed = {
        place + step
        for place in range(len(kinds) - 2)
        if kinds[place : place + 3] == "NoN" and words[ends[place] - 1] in MEASURES
        for step in (0, 1)
    }
    kept = [place for place in range(len(kinds)) if place not in passed]
    return Chunks("".join(kinds[place] for place in kept), [starts[n] for n in kept], [ends[n] for n in kept])


MEASURES = frozenset(lexicon.MEASURES.split())
