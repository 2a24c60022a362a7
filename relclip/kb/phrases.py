"""Tags -> noun phrases and single words of many captions at once: phrases are regular expressions over the tags."""

import re
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import partial, reduce
from itertools import compress, count
from typing import NamedTuple

import numpy as np

from relclip.kb import grammar, lexicon
from relclip.kb.tagger import END_TAG, REMEMBERED_WORDS, Tags

#: Tags of words that the parser tells apart beside those of a grammar.
_NAMED_TAGS = frozenset("pRot,cwqxMb")
_VERBS = frozenset("geBSfv")
_PARTS = frozenset({"body", "limb", "part"})

#: A noun phrase, or one letter; d+ may be followed by participles used as adjectives; a verb form that is also a noun
#: joins a preceding noun; what a possessive belongs to is part of the phrase.
_N = "[nsykij]"
_NOUNS = rf"{_N}+(?:(?:(?<=[nyij])B(?![dA])|m(?={_N})){_N}*)*"
_OWNED = rf"(?:'[dAhrl]*[ge]*(?:{_NOUNS}|[BS]))*"
_PHRASE = rf"(?:P|z?q|(?:[dAhz][dAhzrl]*[ge]*|(?<=[po])[ge]+|(?<=[geBSf])e)?{_NOUNS}){_OWNED}"
_CHUNK = re.compile(rf"[pocbtw,.xfvr{END_TAG}]|l(?:(?<=[po]l)l*[ge]+{_NOUNS})?|{_PHRASE}|[dAhz]+[BS][ns]*|.")


def _rewriter(pattern: str, instead: str | Callable[[re.Match[str]], str]) -> Callable[[str], str]:
    """What replaces a pattern in tags; letters alone without the regular expression, which takes far longer."""
    if isinstance(instead, str) and pattern.isalpha():
        return lambda tags: tags.replace(pattern, instead)
    return partial(re.compile(pattern).sub, instead)


#: What is read otherwise in context, in this order: a pattern and what stands for it. A pattern that begins with a
#: letter is searched ten times faster than one that first looks behind.
_IN_CONTEXT = [
    _rewriter(pattern, instead)
    for pattern, instead in (
        # a preposition: `is outside a house`, not `looks around`, `outside a man rides`
        (rf"R(?<=[^{END_TAG}.,]R)(?=[dAhzqnsykijKY])", "p"),
        ("R", "r"),
        # not: `may ride`; not `in may`, `a boy named will`
        ("M(?=[rl]*[vfBKbx])", "x"),
        ("M", "n"),
        # not: `is neither ridden by a boy`
        (r"z(?=[ge][pdA])", "x"),
        # a verb: `girls smile`, not `a welders mask`
        (r"K(?<=YK)(?<!AYK)(?<!A.YK)(?![nsykijYK'])", "v"),
        # a clause's first phrase ends before who lives: `in the background (of a street) | people are walking`
        (
            rf"(p(?<![^{END_TAG}.,]p)(?:[dAhr]*[nji]*[nsi][op])*[dAhr]*[nji]*[nsi])Y(?=(?:c[dA]*[nsY]+)?r*[bfvBS])",
            r"\1P",
        ),
        # a noun: `a jump`, `in swim shorts`, `a bus stop`, where one thing does nothing in the plural
        (rf"([Ahpon])[vf](?:(?<=[Ah][vf])|(?<=v)(?=[nsyki])|(?<=nv)(?=[.,{END_TAG}]|$))", r"\1n"),
        # what was told apart for these
        ("K", "n"),
        ("Y", "s"),
        # is: `the man 's riding a horse`
        ("'(?=g[dAhp])", "b"),
        # adjectives of one noun: `black and white dog`, `a wooden and metal chair`
        (r"j(?:(?:,c?|c)(?=j)|(?<=[dA]j)(?:,c?|c)(?=[ny]+[nysk]))", lambda found: "j" * len(found[0])),
        # a verb: `the boy plants a tree`, `a woman heads to`, `a kid bikes on`
        (r"s(?:(?<=ys)(?=[dAht])|(?<=Ays)(?=p))", "f"),
        # a verb, unless a noun follows: `a man smiles`, `the dog leaps`
        (rf"k(?:(?<=yk)|(?<=A[nyj]k))(?!{_N})", "S"),
        # a verb: `who owns the bike`, `who lost a shoe`, `does not own a bike`, `who never smiles`
        ("([wx])[skjn](?:(?=[dhA])|(?<=wx.))", r"\1f"),
        # a verb: `crossing the street`, `a man skiing`
        ("i(?:(?<![dhA]i)(?=[dhA])|(?<=[yb]i))", "g"),
        # and: `two men sit on a bench, | one on a chair`
        (",(?=d+p)", "c"),
        # a noun: `on the back of`
        ("ro", "no"),
    )
]
#: Adverbs and stray determiners, `of` after one of those (some of the), a comma after `a` (a ... branch): left out.
_STRAY = {"do": "d_", "ho": "h_", "A,": "A_"}
_LEFT_OUT = str.maketrans("dAhl", "____")


class Chunks(NamedTuple):
    """The chunks of captions, END_TAG after each caption's: words[start:end], the last of which is its head.

    kinds: 'N' for a noun phrase, else the word's tag. marks: of a noun phrase N bare, D with a determiner, H his or
    hers, Z in the negative, Q a pronoun, in lower case after an adverb that is no -ly (riding down the street); else as
    `kinds`. heads: of `on the left side of` it is `on side of`.
    """

    words: list[str]
    tags: str
    kinds: str
    marks: str
    starts: list[int]
    ends: list[int]
    heads: list[str]

    def phrase(self, place: int) -> str:
        """The words of a chunk."""
        return " ".join(self.words[self.starts[place] : self.ends[place]])


def chunks(words: list[str], tags: Tags) -> Chunks:
    """Cut words into noun phrases and single words; adverbs are left out, measures (a group of) are passed over."""
    letters = _in_context("".join(map(tags.__getitem__, words)))
    pieces = _CHUNK.findall(letters)
    marks = "".join(map(_MARK.__getitem__, pieces))
    for stray, instead in _STRAY.items():
        marks = marks.replace(stray, instead)
    marks = marks.translate(_LEFT_OUT)
    for mark in "NDHQ":
        marks = marks.replace(f"r{mark}", f"r{mark.lower()}")
    kept = np.frombuffer(marks.replace("r", "_").encode(), np.uint8) != ord("_")
    sizes = np.fromiter(map(len, pieces), np.int64, len(pieces))
    last = sizes.cumsum()[kept]
    starts, ends = (last - sizes[kept]).tolist(), last.tolist()
    marks = marks.replace("_", "").replace("r", "")
    heads = list(map(words.__getitem__, (last - 1).tolist()))
    cut = Chunks(
        words=words,
        tags=letters,
        kinds=marks.translate(_KINDS),
        marks=marks,
        starts=starts,
        ends=ends,
        heads=heads,
    )
    return _without_measures(cut)


def _in_context(tags: str) -> str:
    return reduce(lambda read, rewrite: rewrite(read), _IN_CONTEXT, tags)


class _Marks(dict[str, str]):
    """Piece of a string of tags -> its mark."""

    def __missing__(self, piece: str) -> str:
        phrase = len(piece) > 1 or piece in "nsykijqP"
        negative = "Z" if "z" in piece else {"q": "Q", "d": "D", "A": "D", "h": "H"}.get(piece[0], "N")
        self[piece] = mark = negative if phrase else piece
        return mark


_MARK = _Marks()
#: Mark -> kind.
_KINDS = str.maketrans("NDHZQndhq", "N" * 9)


def _without_measures(cut: Chunks) -> Chunks:
    """Pass over `a group of`; make one preposition of `on the side of`, its end that of the last word."""
    words, _, kinds, _, starts, ends, heads = cut
    kept = bytearray(b"\1") * len(ends)
    place = kinds.find("No")
    while place >= 0:
        around = heads[place] in grammar.RELATIONAL and kinds[place - 1 : place] in ("p", "t")
        if around:
            ends[place - 1] = end = ends[place + 1]
            heads[place - 1] = f"{words[starts[place - 1]]} {words[end - 2]} of"
        if around or (kinds[place + 2 : place + 3] == "N" and _measures(heads[place], heads[place + 2])):
            kept[place : place + 2] = b"\0\0"
        place = kinds.find("No", place + 1)
    if all(kept):
        return cut
    marks = "".join(compress(cut.marks, kept))
    starts, ends = list(compress(starts, kept)), list(compress(ends, kept))
    heads = list(compress(heads, kept))
    return cut._replace(kinds=marks.translate(_KINDS), marks=marks, starts=starts, ends=ends, heads=heads)


def _measures(head: str, other: str) -> bool:
    """A group of people, a family of elephants."""
    return head in lexicon.MEASURES or (head in lexicon.GROUPS and lexicon.SORTS.get(other) in lexicon.LIVING)


class Names(dict[str, str]):
    """Head of a chunk -> what the parser is told of it.

    The sort of a noun, the word itself where the grammar tells it apart, or '' of a word that is neither.
    """

    def __init__(self, tags: Tags, acts: Collection[str]) -> None:
        super().__init__(lexicon.SORTS)
        undone = lexicon.UNDONE.items()
        self.update({word: sort for word, sort in undone if tags[word] in _VERBS or word not in self})
        self.update({word: word for word in (*acts, *lexicon.HOLDING, *lexicon.PLACED, *lexicon.NAMING)})
        self.update({word: word for word, tag in tags.items() if tag in _NAMED_TAGS})

    def __missing__(self, word: str) -> str:
        sort = self.get(word.rpartition("-")[2], "") if "-" in word else ""
        if not sort and word in lexicon.ADJECTIVES:
            sort = "quality"
        if " " in word:
            sort = word
        if len(self) < REMEMBERED_WORDS:
            self[word] = sort
        return sort

    def owners(self, cut: Chunks, names: list[str]) -> Iterator[tuple[int, int, int]]:
        """Noun phrases and the words of whom they belong to: the man 's horse, giraffe legs, a mans hand."""
        yield from _possessives(cut)
        for place in compress(count(), map(_PARTS.__contains__, names)):
            start, head = cut.starts[place], cut.ends[place] - 1
            if head > start and self._whole(cut.words[head - 1], cut.words[head], names[place]):
                yield place, start, head

    def _whole(self, word: str, part: str, sort: str) -> bool:
        if sort == "part" or (word, part) in lexicon.WHOLES:
            return (word, part) in lexicon.WHOLES
        return self[word] in lexicon.LIVING or (word.endswith("s") and self[word[:-1]] in lexicon.LIVING)


def _possessives(cut: Chunks) -> Iterator[tuple[int, int, int]]:
    """Of each noun phrase with an 's in it the words before the last one."""
    found: dict[int, int] = {}
    mark = cut.tags.find("'")
    while mark >= 0:
        place = bisect_right(cut.ends, mark)
        if place < len(cut.ends) and cut.kinds[place] == "N" and cut.starts[place] < mark:
            found[place] = mark
        mark = cut.tags.find("'", mark + 1)
    for place, mark in found.items():
        yield place, cut.starts[place], mark


def having(cut: Chunks, parts: Mapping[str, str]) -> Iterator[tuple[int, str]]:
    """Noun phrases, and the part that a word before their heads says they have: a long haired boy."""
    for at in compress(count(), map(parts.__contains__, cut.words)):
        place = bisect_right(cut.ends, at)
        if cut.kinds[place] == "N" and cut.starts[place] <= at < cut.ends[place] - 1:
            yield place, parts[cut.words[at]]
