"""Caption -> words and tags. One letter a word (see `grammar`), so that phrases are regular expressions over tags."""

import re
from typing import NamedTuple

from relclip.kb import grammar

REMEMBERED_WORDS = 500_000
_BLANK = str.maketrans('"`[]{}<>*#~=+/\\^$%@’', " " * 19 + "'")
_PLURALS = frozenset(grammar.PLURALS.split())

#: d+ may be followed by participles used as adjectives; a verb form that is also a noun joins a preceding noun.
_CHUNK = re.compile(
    r"(q|(?:d[dr]*[GEge]*|(?<=[po])[GEge]+|(?<=[GEFBSgf])[Ee])?[ns](?:[ns]|(?<=n)B(?!d)|m(?=[ns]))*|d+[BS][ns]*)"
    r"|(?<!d)[^dr]|(?<=d)[^dro]"
)


class Chunk(NamedTuple):
    """A noun phrase (kind 'N', words[start:end], its head last) or one word of another kind (its tag)."""

    kind: str
    start: int
    end: int


class Tags(dict[str, str]):
    """Word -> tag. Words met for the first time get one by their ending, and keep it."""

    def __init__(self) -> None:
        super().__init__()
        for tag, words in grammar.CLOSED.items():
            self.update(dict.fromkeys(words.split(), tag))
        self.update(dict.fromkeys(grammar.OTHER_FINITE.split(), "f"))
        self.update(dict.fromkeys(grammar.OTHER_BASE.split(), "v"))
        for verb in grammar.VERBS.values():
            forms = {"G": verb.gerund, "E": verb.participle, "F": verb.finite}
            forms |= {"B": verb.base, "S": verb.ambiguous}
            for tag, words in forms.items():
                self.update(dict.fromkeys(words.split(), tag))
        self.update(dict.fromkeys(_PLURALS, "s"))
        self.update(dict.fromkeys(grammar.JOINING.split(), "m"))
        for word in grammar.NOUNS_LIKE_VERBS.split():
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
    text = f" {caption.lower()} ".translate(_BLANK)
    for mark in ".,;:!?()":
        if mark in text:
            text = text.replace(mark, f" {mark} ")
    if " 's" in text:
        text = text.replace(" 's ", "'s ")
    if "-covered" in text:
        text = text.replace("-covered", " covered")
    for phrase, replacement in grammar.PHRASES.items():
        if phrase in text:
            text = text.replace(phrase, replacement)
    return text.split()


def chunks(words: list[str]) -> list[Chunk]:
    """Cut words into noun phrases and single words; adverbs are left out, measures (a group of) are passed over."""
    found: list[Chunk] = []
    for match in _CHUNK.finditer("".join(map(TAGS.__getitem__, words))):
        start, end = match.span()
        if not match.lastindex:
            found.append(Chunk(match.group(), start, end))
            continue
        if len(found) > 1 and found[-1].kind == "o" and words[found[-2].end - 1] in MEASURES:
            del found[-2:]
        found.append(Chunk("N", start, end))
    return found


MEASURES = frozenset(grammar.MEASURES.split())
