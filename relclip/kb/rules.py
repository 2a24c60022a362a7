"""The project's own reader: words, chunks, what they state; many captions at once."""

import re
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterator
from functools import lru_cache, partial

from relclip.kb import lexicon
from relclip.kb.gold import Fact
from relclip.kb.objects import Wanted
from relclip.kb.parser import Parser
from relclip.kb.phrases import Chunks, Names, chunks, having
from relclip.kb.predicates import Grammar
from relclip.kb.sentence import RUN_TOGETHER, VERBS
from relclip.kb.tagger import END_TAG, REMEMBERED_WORDS, Tags, words_of

#: Sentences of one shape that are parsed once, and the longest of them, in chunks.
REMEMBERED, SHORT = 1 << 16, 7
#: Names of noun phrases that stand for another one, or are passed over for a second preposition.
_NAMED_ELSEWHERE = frozenset({"it", "them", "him", "self", "limb", *lexicon.PEOPLE})

#: One letter a chunk: W and H (his, hers) for what may name a class, u for any other noun phrase, T and K (one that
#: joins two nouns: covered) for the verbs of the predicates, P and O (of) for their prepositions, else its kind.
_NOUN, _NO_NOUN, _VERB, _LINK = "[WHu]", "[^WHu]", "[TK]", "[pP]"
#: What may be an object, after a verb or a preposition: by itself, or what is coordinated with it.
_THING = "(?:[WH]|u[c,oOegTK].*[WH])"
_VERB_FIRST = (
    rf"T(?={_NO_NOUN}{{0,3}}{_THING}|{_LINK}?u{_LINK}[WH]|(?!{_NO_NOUN}{{0,3}}{_NOUN})(?:[.,cpP]|$))"
)
#: Not after a phrase that names no class and stands alone; `the bed the cat is on`.
_LINK_BETWEEN = (
    rf"(?:(?<![pPt.]u)(?<!^u)|(?<=[emTK][pP]u))P(?={_THING})|(?<=b)P(?!{_NOUN})|(?<=[WH])O(?={_THING})"
)
#: Chunks that may state something about two phrases that may name classes.
_TELLING = re.compile(rf"{_VERB_FIRST}|{_LINK_BETWEEN}|[KH]")
#: `a chair the man is sitting on`, `on the bed lies a cat`: the object may stand before the verb.
_OBJECT_FIRST = re.compile(rf"(?:.*?{_NOUN}(?:[WHuw]|[pP]w)|{_LINK}).*T")
_EVERY_VERB = re.compile(rf"{_LINK_BETWEEN}|[TKH]")
#: `wood table plates are sitting on`: one noun phrase holds both.
_TOGETHER = re.compile(rf".*[WH][bt]*({_VERB}){_LINK}?(?:[.,]|$)")

#: All kinds but N.
_KINDS = (*VERBS, *f"pocbtw,.xz'{END_TAG}")


class Rules:
    """Reads cleaned captions: what each states in the predicates of a grammar about phrases that may name a class."""

    def __init__(self, grammar: Grammar, nouns: Collection[str], tags: Tags) -> None:
        self._tags = tags
        self._names = Names(tags, grammar.acts)
        self._has = grammar.has
        self._codes = _codes(grammar, Wanted(nouns), self._names)
        self._facts = Parser(grammar).facts
        self._remembered = lru_cache(REMEMBERED)(self._facts)
        self._places = lru_cache(REMEMBERED)(_places)

    def __call__(self, text: str) -> list[list[Fact]]:
        """The facts of each of the captions of a cleaned text, as words."""
        cut = chunks(words_of(text), self._tags)
        names = list(map(self._names.__getitem__, cut.heads))
        codes = "".join([self._codes[mark][head] for mark, head in zip(cut.marks, cut.heads, strict=True)])
        found: list[list[Fact]] = []
        begin = 0
        for code in codes.split(END_TAG)[:-1]:
            found.append(list(self._stated(cut, names, begin, code)))
            begin += len(code) + 1
        if self._has:
            self._possessions(cut, names, found)
        return found

    def _stated(self, cut: Chunks, names: list[str], begin: int, code: str) -> Iterator[Fact]:
        """What one caption, whose chunks have the letters of `code`, states."""
        places = self._places(code)
        if not places:
            return
        end = begin + len(code)
        facts = self._remembered if len(code) <= SHORT else self._facts
        for subject, predicate, thing in facts(
            cut.kinds[begin:end], cut.marks[begin:end], tuple(names[begin:end]), places
        ):
            if thing == RUN_TOGETHER:
                before, _, last = cut.phrase(begin + subject).rpartition(" ")
                adjective = self._names[before.rpartition(" ")[2]] in lexicon.ADJECTIVAL
                if not (adjective or _several(code)):
                    yield last, predicate, before
            elif code[subject] in "WH" and code[thing] in "WH":
                yield cut.phrase(begin + subject), predicate, cut.phrase(begin + thing)

    def _possessions(self, cut: Chunks, names: list[str], found: list[list[Fact]]) -> None:
        """Add what is stated inside a noun phrase: `the man 's horse`, `giraffe legs`, `a long haired boy`."""
        ends = [place for place, kind in enumerate(cut.kinds) if kind == END_TAG]
        for place, start, end in self._names.owners(cut, names):
            fact = " ".join(cut.words[start:end]), self._has, cut.phrase(place)
            found[bisect_right(ends, place)].append(fact)
        for place, part in having(cut, lexicon.HAVING):
            found[bisect_right(ends, place)].append((cut.heads[place], self._has, part))


def _several(code: str) -> bool:
    """Whether two noun phrases may name classes."""
    return code.count("W") + code.count("H") > 1


def _places(code: str) -> tuple[int, ...]:
    """Where a caption, a letter a chunk, may state something."""
    if not _several(code):
        together = _TOGETHER.match(code)
        return (together.start(1),) if together else ()
    telling = _EVERY_VERB if _OBJECT_FIRST.match(code) else _TELLING
    return tuple(found.start() for found in telling.finditer(code))


class _Code(dict[str, str]):
    """Head of a chunk -> its letter, for one mark."""

    def __init__(self, known: dict[str, str], other: Callable[[str], str]) -> None:
        super().__init__(known)
        self._other = other

    def __missing__(self, head: str) -> str:
        letter = self._other(head)
        if len(self) < REMEMBERED_WORDS:
            self[head] = letter
        return letter


def _codes(grammar: Grammar, wanted: Wanted, names: Names) -> dict[str, _Code]:
    """Mark -> the letters of heads."""

    def noun(head: str) -> str:
        return "W" if wanted[head] or names[head] in _NAMED_ELSEWHERE else "u"

    def owned(head: str) -> str:
        return "H" if wanted[head] and grammar.has else noun(head)

    verbs = {word: "K" if len(act.known.agents) > 1 else "T" for word, act in grammar.acts.items()}
    links = dict.fromkeys(grammar.links, "P") | (dict.fromkeys(("in", "with"), "P") if grammar.wears else {})
    found = {mark: _Code({}, noun) for mark in "NDZQndq"} | {mark: _Code({}, owned) for mark in "Hh"}
    told = dict.fromkeys(VERBS, verbs) | {"p": links, "t": links, "o": {"of": "O"} if grammar.has else links}
    return found | {kind: _Code(told.get(kind, {}), partial(_itself, kind)) for kind in _KINDS}


def _itself(kind: str, _head: str) -> str:
    return kind
