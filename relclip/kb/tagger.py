"""Caption -> words, tags and chunks. One letter a word (see `grammar`): phrases are regular expressions over tags."""

import re
from collections.abc import Collection, Mapping, Sequence
from functools import cache, lru_cache
from typing import NamedTuple

from relclip.core.forms import verb_forms, verb_lemmas
from relclip.kb import grammar, lexicon

REMEMBERED_WORDS = 500_000
REMEMBERED_TAGS = 1 << 16
#: Words of a caption that are looked at, so that time stays linear whatever the file.
LONGEST = 300
#: Words that the parser tells apart beside those of a grammar.
_NAMED_TAGS = frozenset("pot,cwqxb")
_BLANK = str.maketrans(dict.fromkeys('"`[]{}<>*#~=+/\\^$%@', " "))
_PLURALS = frozenset(lexicon.PLURALS.split())
_MEASURES = frozenset(lexicon.MEASURES.split())

#: A noun phrase, or one letter; d+ may be followed by participles used as adjectives; a verb form that is also a noun
#: joins a preceding noun; what a possessive belongs to is part of the phrase.
_NOUNS = r"[ns](?:[ns]|(?<=n)B(?!d)|m(?=[ns]))*"
_CHUNK = re.compile(
    rf"(?:q|(?:[dhz][dhzrl]*[ge]*|(?<=[po])[ge]+|(?<=[geBSf])e)?{_NOUNS})(?:'[dhrlge]*{_NOUNS})*|[dhz]+[BS][ns]*|."
)
#: Letters that tell more than those of `_CHUNK`, in context: `a man smiles`, `dog leaps`: a verb, unless a noun follows.
_VERB_IN_S = re.compile(r"(?:(?<=y)|(?<=A[ny]))k(?![nsy])")
#: `crossing the street`, `a man skiing`: a verb.
_VERB_IN_ING = re.compile("i(?=[dhA])|(?<=[yb])i")
#: `black and white dog`, `a wooden and metal chair`: adjectives of one noun.
_ADJECTIVES = re.compile(r"j(?:,c?|c)(?=j)|(?<=[dA]j)(?:,c?|c)(?=[ny]+[nysk])")
_PLAIN_TAGS = str.maketrans("Akiyj", "dsnnn")
_SKIPPED = "dhrl"


class Chunks(NamedTuple):
    """Place by place: kind 'N' for a noun phrase (its head is its last word), else the word's tag; words[start:end].

    marks: of a noun phrase N bare, D with a determiner, H his or hers, Z in the negative, Q a pronoun, in lower case after an adverb
    that is no -ly (riding down the street); else as `kinds`. `owners`: place
    of a noun phrase -> place, beyond the last kind, of whom it belongs to (the man's horse -> the man).
    """

    kinds: str
    marks: str
    starts: list[int]
    ends: list[int]
    owners: tuple[tuple[int, int], ...]


class Tags(dict[str, str]):
    """Word -> tag, given a vocabulary's verbs, with their tags, and nouns. New words get one by their ending."""

    def __init__(self, verbs: Mapping[str, str], nouns: Collection[str] = ()) -> None:
        super().__init__()
        self.update(dict.fromkeys(lexicon.FINITE, "f"))
        self.update(dict.fromkeys(lexicon.BASE, "v"))
        self.update(dict.fromkeys(lexicon.PARTICIPLE, "e"))
        self.update({noun: _by_ending(noun) if _by_ending(noun) in "nsykj" else "n" for noun in nouns})
        self.update(verbs)
        for tag, words in grammar.CLOSED.items():
            self.update(dict.fromkeys(words.split(), tag))
        self.update(dict.fromkeys(_PLURALS, "s"))
        self.update(dict.fromkeys(lexicon.JOINING.split(), "m"))
        for word in lexicon.NOUNS_LIKE_VERBS.split():
            self[word] = "i" if _is_gerund(word) else "s" if word.endswith("s") else "n"

    def __missing__(self, word: str) -> str:
        tag = _by_ending(word)
        if len(self) < REMEMBERED_WORDS:
            self[word] = tag
        return tag


def _is_gerund(word: str) -> bool:
    return any(verb_forms(lemma).gerund == word for lemma in verb_lemmas(word))


def _by_ending(word: str) -> str:
    if word.isdigit():
        return "d"
    if "-" in word:
        return "s" if word.endswith("s") else "n"
    if word.endswith("ing") and len(word) > 5:
        return "g"
    if word.endswith("ed") and len(word) > 4:
        return "e"
    if word.endswith("ly") and len(word) > 4 and word not in lexicon.NOUNS_IN_LY:
        return "l"
    if word in lexicon.THIRD_OR_PLURAL:
        return "k"
    if word.endswith("s") and not word.endswith(("ss", "us")):
        return "s"
    if word in lexicon.ADJECTIVES:
        return "j"
    return "y" if lexicon.SORTS.get(word) in ("person", "animal") else "n"


def cleaned(text: str, phrases: Mapping[str, str] = grammar.PHRASES) -> str:
    """One plain caption, or many with a line end between them, so that `words_of` only cuts at blanks.

    Lower-case words, punctuation as words of its own, fixed phrases as one word. Python's own replace over a whole block
    costs a tenth of a caption at a time.
    """
    text = f" {text.lower()} ".replace("\n", " \n ").translate(_BLANK)
    for mark in ".,;:!?()":
        text = text.replace(mark, f" {mark} ")
    text = text.replace("'s ", " 's ").replace("-covered", " covered").replace("' ", " ").replace(" '", " ")
    text = text.replace(" s ", " 's ")
    for phrase, replacement in phrases.items():
        text = text.replace(phrase, replacement)
    return text


def words_of(text: str) -> list[str]:
    """The words of one cleaned caption."""
    return text.split(None, LONGEST)[:LONGEST]


def chunks(words: list[str], tags: Tags) -> Chunks:
    """Cut words into noun phrases and single words; adverbs are left out, measures (a group of) are passed over."""
    cut = _cut("".join(map(tags.__getitem__, words)))
    return _without_measures(words, cut) if "No" in cut.kinds else cut


@lru_cache(REMEMBERED_TAGS)
def _cut(tags: str) -> Chunks:
    """The chunks of a string of tags, remembered: captions are built alike."""
    kinds, marks = [], []
    starts: list[int] = []
    ends: list[int] = []
    owned: list[tuple[int, int]] = []
    tags = _in_context(tags)
    end, before = 0, ""
    for piece in _CHUNK.findall(tags):
        start, end = end, end + len(piece)
        if piece not in _SKIPPED and not (piece == "o" and before[-1:] in ("d", "h")):
            if "'" in piece[1:]:
                owned.append((len(kinds), start + piece.rindex("'")))
            kind, mark = _kind(piece)
            kinds.append(kind)
            marks.append(mark.lower() if before == "r" and kind == "N" else mark)
            starts.append(start)
            ends.append(end)
        before = piece
    owners = tuple((place, len(kinds) + number) for number, (place, _) in enumerate(owned))
    starts += [starts[place] for place, _ in owned]
    ends += [apostrophe for _, apostrophe in owned]
    return Chunks("".join(kinds), "".join(marks), starts, ends, owners)


def _in_context(tags: str) -> str:
    """Tags as `_CHUNK` knows them."""
    if "j" in tags:
        tags = _ADJECTIVES.sub(lambda found: "j" * len(found[0]), tags)
    if "k" in tags:
        tags = _VERB_IN_S.sub("S", tags)
    if "i" in tags:
        tags = _VERB_IN_ING.sub("g", tags)
    # on the back of: an adverb before `of` is a noun
    return tags.replace("ro", "no").translate(_PLAIN_TAGS)


@cache
def _kind(piece: str) -> tuple[str, str]:
    if len(piece) == 1 and piece not in "nsq":
        return piece, piece
    return "N", "Z" if "z" in piece else {"q": "Q", "d": "D", "h": "H"}.get(piece[0], "N")


def _without_measures(words: list[str], cut: Chunks) -> Chunks:
    """Pass over `a group of`; make one preposition of `on the side of`, its end that of the last word."""
    ends, passed = list(cut.ends), set()
    place = cut.kinds.find("No")
    while place >= 0:
        head = words[ends[place] - 1]
        if head in grammar.RELATIONAL and cut.kinds[place - 1 : place] in ("p", "t"):
            passed |= {place, place + 1}
            ends[place - 1] = ends[place + 1]
        elif head in _MEASURES and cut.kinds[place + 2 : place + 3] == "N":
            passed |= {place, place + 1}
        place = cut.kinds.find("No", place + 1)
    kept = [place for place in range(len(ends)) if place not in passed]
    moved = {place: number for number, place in enumerate(kept)}
    return Chunks(
        "".join(cut.kinds[place] for place in kept if place < len(cut.kinds)),
        "".join(cut.marks[place] for place in kept if place < len(cut.kinds)),
        [cut.starts[place] for place in kept],
        [ends[place] for place in kept],
        tuple((moved[place], moved[owner]) for place, owner in cut.owners if place in moved),
    )


_PARTS, _LIVING = frozenset({"body", "limb"}), frozenset({"person", "animal"})


class Names:
    """What the parser is told of a chunk: the sort of a noun, the word itself where a grammar tells it apart, or ''."""

    def __init__(self, tags: Tags, acts: Collection[str]) -> None:
        known = frozenset({*acts, *lexicon.HOLDING.split(), *lexicon.PLACED})
        self._others = _Others({word: word for word in known})
        self._others.update({word: word for word, tag in list(tags.items()) if tag in _NAMED_TAGS})
        self._nouns = _Nouns(lexicon.SORTS)
        self._nouns.update({word: word for word in grammar.CLOSED["q"].split()})

    def owners(
        self, words: list[str], cut: Chunks, names: Sequence[str]
    ) -> list[tuple[int, tuple[int, int]]]:
        """Place of a noun phrase -> the words of whom it belongs to: the man 's horse, giraffe legs, a girls shirt."""
        found = [(place, (cut.starts[owner], cut.ends[owner])) for place, owner in cut.owners]
        for place, name in enumerate(names) if not _PARTS.isdisjoint(names) else ():
            start, before = cut.starts[place], cut.ends[place] - 1
            if name in _PARTS and start < before and self._living(words[before - 1]):
                found.append((place, (start, before)))
        return found

    def _living(self, word: str) -> bool:
        """Also without the apostrophe: a mans hand."""
        return self._nouns[word] in _LIVING or (word.endswith("s") and self._nouns[word[:-1]] in _LIVING)

    def of(self, words: list[str], cut: Chunks) -> tuple[str, ...]:
        """The names of all chunks."""
        nouns, others = self._nouns, self._others
        heads = [words[end - 1] for end in cut.ends]
        found = [
            nouns[head] if kind == "N" else others[head] for kind, head in zip(cut.kinds, heads, strict=False)
        ]
        if "of" in found:
            for place, kind in enumerate(cut.kinds):
                start, end = cut.starts[place], cut.ends[place]
                if kind in "pt" and end - start > 1:
                    found[place] = f"{words[start]} {words[end - 2]} of"
        return tuple(found)


class _Others(dict[str, str]):
    def __missing__(self, word: str) -> str:
        return ""


class _Nouns(dict[str, str]):
    def __missing__(self, word: str) -> str:
        sort = self.get(word.rpartition("-")[2], "thing") if "-" in word else "thing"
        if sort == "thing" and word in lexicon.ADJECTIVES:
            sort = "quality"
        if len(self) < REMEMBERED_WORDS:
            self[word] = sort
        return sort
