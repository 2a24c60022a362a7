"""Caption -> words, tags and chunks. One letter a word (see `grammar`): phrases are regular expressions over tags."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import accumulate
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

_PARTS, _LIVING = frozenset({"body", "limb", "part"}), frozenset({"person", "animal"})

#: A noun phrase, or one letter; d+ may be followed by participles used as adjectives; a verb form that is also a noun
#: joins a preceding noun; what a possessive belongs to is part of the phrase.
_D, _N = "[dAh]", "[nsykij]"
_NOUNS = rf"{_N}(?:{_N}|(?<=[nyij])B(?![dA])|m(?={_N}))*"
_PHRASE = rf"(?:q|(?:[dAhz][dAhzrl]*[ge]*|(?<=[po])[ge]+|(?<=[geBSf])e)?{_NOUNS})(?:'[dAhrlge]*{_NOUNS})*"
_CHUNK = re.compile(rf"[pocbtw,.xfvrl]|{_PHRASE}|[dAhz]+[BS][ns]*|.")
#: What is read otherwise in context: `a man smiles`, `the dog leaps`: a verb, unless a noun follows.
_VERB_IN_S = re.compile(rf"(?:(?<=y)|(?<=A[nyj]))k(?!{_N})")
#: `crossing the street`, `a man skiing`: a verb.
_VERB_IN_ING = re.compile("i(?=[dhA])|(?<=[yb])i")
#: `black and white dog`, `a wooden and metal chair`: adjectives of one noun.
_ADJECTIVES = re.compile(r"j(?:,c?|c)(?=j)|(?<=[dA]j)(?:,c?|c)(?=[ny]+[nysk])")
_IN_CONTEXT = re.compile("[ki]|j[,c]|ro")
#: Adverbs and stray determiners are left out.
_SKIPPED = frozenset("dAhrl")
#: The last two letters of what is tagged by its ending; the ending; a word is longer than that.
_ENDINGS = {"ng": "g", "ed": "e", "ly": "l"}
_WHOLE, _LONGER = {"g": "ing", "e": "ed", "l": "ly"}, {"g": 5, "e": 4, "l": 4}
_NO_ADVERBS = lexicon.NOUNS_IN_LY


class Chunks(NamedTuple):
    """Place by place: kind 'N' for a noun phrase, whose head is its last word, else the word's tag.

    A chunk is as many words as its piece has letters, up to its end. marks: of a noun phrase N bare, D with a
    determiner, H his or hers, Z in the negative, Q a pronoun, in lower case after an adverb that is no -ly (riding down
    the street); else as `kinds`.
    `owners`: (place of a noun phrase, start, end of whom it belongs to): the man's horse, the man.
    """

    kinds: str
    marks: str
    ends: list[int]
    pieces: list[str]
    owners: list[tuple[int, int, int]]

    def span(self, place: int) -> slice:
        """The words of a chunk."""
        return slice(self.ends[place] - len(self.pieces[place]), self.ends[place])


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
    tag = _ENDINGS.get(word[-2:], "")
    if (
        tag
        and word.endswith(_WHOLE[tag])
        and len(word) > _LONGER[tag]
        and "-" not in word
        and word not in _NO_ADVERBS
    ):
        return tag
    if word in lexicon.THIRD_OR_PLURAL:
        return "k"
    if word[-1:] == "s" and word[-2:] not in ("ss", "us"):
        return "s"
    return "d" if word.isdigit() else _noun(word)


def _noun(word: str) -> str:
    return "j" if word in lexicon.ADJECTIVES else "y" if lexicon.SORTS.get(word) in _LIVING else "n"


def cleaned(text: str, phrases: Mapping[str, str] = grammar.PHRASES) -> str:
    """One plain caption, or many with a line end between them, so that `words_of` only cuts at blanks.

    Lower-case words, punctuation and a possessive 's as words of their own, fixed phrases as one word. Python's own
    replace over a whole block costs a tenth of a caption at a time.
    """
    text = f" {text.lower()} ".replace("\n", " \n ").translate(_BLANK)
    for mark in ".,;:!?()":
        text = text.replace(mark, f" {mark} ")
    # quotes go, so that what is left of 's stands alone
    text = text.replace("'s ", " 's ").replace("' ", " ").replace(" '", " ").replace(" s ", " 's ")
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
    pieces = _CHUNK.findall(_in_context(tags) if _IN_CONTEXT.search(tags) else tags)
    ends = list(accumulate(map(len, pieces)))
    if _SKIPPED.isdisjoint(pieces):
        marks = "".join(map(_MARK.__getitem__, pieces))
    else:
        kept = [place for place in range(len(pieces)) if _kept(pieces, place)]
        marks = "".join([_after(_MARK[pieces[place]], pieces[place - 1] if place else "") for place in kept])
        pieces, ends = [pieces[place] for place in kept], [ends[place] for place in kept]
    owners = []
    if "'" in tags:
        for place, (piece, end) in enumerate(zip(pieces, ends, strict=True)):
            if "'" in piece[1:]:
                owners.append((place, end - len(piece), end - len(piece) + piece.rindex("'")))
    return Chunks(marks.translate(_KINDS), marks, ends, pieces, owners)


def _kept(pieces: list[str], place: int) -> bool:
    """Also left out is `of` after one of those (some of the)."""
    return pieces[place] not in _SKIPPED and not (
        pieces[place] == "o" and place and pieces[place - 1] in ("d", "h")
    )


def _after(mark: str, before: str) -> str:
    """A noun phrase after an adverb that is no -ly gets its mark in lower case."""
    return mark.lower() if before == "r" and mark in "NDHQ" else mark


def _in_context(tags: str) -> str:
    tags = _ADJECTIVES.sub(lambda found: "j" * len(found[0]), tags)
    # on the back of: an adverb before `of` is a noun
    return _VERB_IN_ING.sub("g", _VERB_IN_S.sub("S", tags)).replace("ro", "no")


class _Marks(dict[str, str]):
    """Piece of a string of tags -> its mark."""

    def __missing__(self, piece: str) -> str:
        phrase = len(piece) > 1 or piece in "nsykijq"
        negative = "Z" if "z" in piece else {"q": "Q", "d": "D", "A": "D", "h": "H"}.get(piece[0], "N")
        self[piece] = mark = negative if phrase else piece
        return mark


_MARK = _Marks()
#: Mark -> kind.
_KINDS = str.maketrans("NDHZQndhq", "N" * 9)


def _without_measures(words: list[str], cut: Chunks) -> Chunks:
    """Pass over `a group of`; make one preposition of `on the side of`, its end that of the last word."""
    kinds, marks, ends, pieces, owners = cut
    passed: list[int] = []
    ends, pieces = list(ends), list(pieces)
    place = kinds.find("No")
    while place >= 0:
        head = words[ends[place] - 1]
        if head in grammar.RELATIONAL and place and kinds[place - 1] in "pt":
            passed += [place, place + 1]
            start, ends[place - 1] = ends[place - 1] - len(pieces[place - 1]), ends[place + 1]
            pieces[place - 1] = "p" * (ends[place - 1] - start)
        elif head in _MEASURES and kinds[place + 2 : place + 3] == "N":
            passed += [place, place + 1]
        place = kinds.find("No", place + 1)
    if not passed:
        return cut
    kept = [place for place in range(len(ends)) if place not in passed]
    return Chunks(
        "".join([kinds[place] for place in kept]),
        "".join([marks[place] for place in kept]),
        [ends[place] for place in kept],
        [pieces[place] for place in kept],
        [(kept.index(place), start, end) for place, start, end in owners if place in kept],
    )


class Names(dict[str, str]):
    """Head of a chunk -> what the parser is told of it.

    The sort of a noun, the word itself where the grammar tells it apart, or '' of a word that is neither.
    """

    def __init__(self, tags: Tags, acts: Collection[str]) -> None:
        super().__init__(lexicon.SORTS)
        self.update({word: word for word in (*acts, *lexicon.HOLDING.split(), *lexicon.PLACED)})
        self.update({word: word for word, tag in tags.items() if tag in _NAMED_TAGS})

    def __missing__(self, word: str) -> str:
        sort = self.get(word.rpartition("-")[2], "") if "-" in word else ""
        if not sort and word in lexicon.ADJECTIVES:
            sort = "quality"
        if len(self) < REMEMBERED_WORDS:
            self[word] = sort
        return sort

    def of(self, words: list[str], heads: list[str], cut: Chunks) -> tuple[str, ...]:
        """The names of all chunks; of `on the left side of` it is `on side of`."""
        found = tuple(map(self.__getitem__, heads))
        if "of" not in found:
            return found
        long = {
            place: f"{words[end - len(piece)]} {words[end - 2]} of"
            for place, (end, piece) in enumerate(zip(cut.ends, cut.pieces, strict=True))
            if len(piece) > 1 and piece[0] == "p"
        }
        return tuple(long.get(place, name) for place, name in enumerate(found)) if long else found

    def owners(self, words: list[str], cut: Chunks, names: Sequence[str]) -> Iterator[tuple[int, int, int]]:
        """Noun phrases and the words of whom they belong to: the man 's horse, giraffe legs, a mans hand."""
        yield from cut.owners
        if not _PARTS.isdisjoint(names):
            for place, name in enumerate(names):
                before, size = cut.ends[place] - 1, len(cut.pieces[place])
                if name in _PARTS and size > 1 and self._whole(words[before - 1], words[before], name):
                    yield place, before + 1 - size, before

    def _whole(self, word: str, part: str, sort: str) -> bool:
        if sort == "part" or (word, part) in lexicon.WHOLES:
            return (word, part) in lexicon.WHOLES
        return self[word] in _LIVING or (word.endswith("s") and self[word[:-1]] in _LIVING)
