"""Facts of a caption, aligned to a vocabulary: class ids and predicate ids."""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from relclip.core.aliases import load_aliases
from relclip.core.errors import InputError
from relclip.core.forms import name_forms
from relclip.core.text import plain
from relclip.core.vocabulary import Vocabulary, load_names
from relclip.kb import lexicon, spacy_backend
from relclip.kb.gold import Fact
from relclip.kb.objects import Objects, Wanted
from relclip.kb.parser import Parser
from relclip.kb.predicates import Grammar
from relclip.kb.prefilter import predicates_pattern, two_words_pattern
from relclip.kb.sentence import RUN_TOGETHER
from relclip.kb.tagger import Chunks, Names, Tags, chunks, cleaned, words_of

REMEMBERED = 1 << 16

Triplet = tuple[int, int, int]

RULES, SPACY = "rules", "spacy"
STANDARD = Vocabulary(load_names("vg150"), load_names("vg20"))


class Language(NamedTuple):
    """What a vocabulary's words are beside their names: other name -> name, and the user's file of verbs."""

    object_aliases: Mapping[str, str] = {}
    predicate_aliases: Mapping[str, str] = {}
    verbs: Path | None = None

    @classmethod
    def read(
        cls,
        object_aliases: Path | None = None,
        predicate_aliases: Path | None = None,
        verbs: Path | None = None,
    ) -> "Language":
        """Read alias files in Visual Genome's format. Raises InputError where one cannot be read."""
        return cls(load_aliases(object_aliases), load_aliases(predicate_aliases), verbs)


class Miner:
    """Finds the triplets of one caption after another, of any vocabulary.

    `backend`: who reads the sentences, the project's `rules` or `spacy` (a dependency parser, `spacy_backend`; needs
    spaCy and a model of English). `not_mined`: the objects and predicates that no caption can state.
    """

    def __init__(
        self, vocabulary: Vocabulary, language: Language | None = None, backend: str = RULES
    ) -> None:
        language = language or Language()
        self._made_of = (vocabulary, language, backend)
        self._objects = Objects(vocabulary.objects, language.object_aliases)
        self._ids = vocabulary.predicate_ids
        grammar = Grammar(vocabulary.predicates, language.predicate_aliases, language.verbs)
        tags = Tags(grammar.tags, self._objects.last_words)
        self.not_mined = Vocabulary(_never_met(vocabulary, self._objects, tags), grammar.unmined)
        self._read = _reader(backend, grammar, self._objects, tags)
        self._phrases = grammar.phrases
        self.patterns = (predicates_pattern(grammar), two_words_pattern(self._objects.last_words))
        self._remembered = lru_cache(REMEMBERED)(self._parse)

    def __reduce__(self) -> tuple[type["Miner"], tuple[Any, ...]]:
        """A worker that is started afresh makes its own."""
        return type(self), self._made_of

    def triplets(self, caption: str) -> tuple[Triplet, ...]:
        """Return the sorted, distinct (subject class, predicate, object class) ids of a caption.

        Captions that do not match all `patterns` have none: `prefilter.candidates` passes over whole blocks of them.
        """
        return self._remembered(cleaned(plain(caption), self._phrases))

    def triplets_of_lines(self, captions: Sequence[str]) -> list[tuple[Triplet, ...]]:
        """The same for many plain captions without line ends in them, cleaned all at once."""
        if not captions:
            return []
        return [self._remembered(text) for text in cleaned("\n".join(captions), self._phrases).split("\n")]

    def _parse(self, text: str) -> tuple[Triplet, ...]:
        stated = self._read(text)
        if not stated:
            return ()
        find = self._objects.find
        found = {(find(subject), self._ids[predicate], find(thing)) for subject, predicate, thing in stated}
        return tuple(sorted(triplet for triplet in found if triplet[0] and triplet[2]))


def mine_captions(
    captions: Iterable[str],
    vocabulary: Vocabulary = STANDARD,
    language: Language | None = None,
    backend: str = RULES,
) -> Iterator[list[Fact]]:
    """Yield, caption by caption, the (subject, predicate, object) names that it states, in the order of their ids.

    >>> list(mine_captions(["a man riding a horse", "blue sky", "two dogs lying on a bed"]))
    [[('man', 'riding', 'horse')], [], [('dog', 'lying on', 'bed')]]

    `vocabulary`: by default Visual Genome's 150 objects and 20 predicates; of others what cannot be mined is left out.
    Raises InputError for a backend that is not there.
    """
    miner = Miner(vocabulary, language, backend)
    return (named(miner.triplets(caption), vocabulary) for caption in captions)


def mine_caption(
    caption: str,
    vocabulary: Vocabulary = STANDARD,
    language: Language | None = None,
    backend: str = RULES,
) -> list[Fact]:
    """Return the (subject, predicate, object) names that one caption states; for many, `mine_captions` is faster.

    >>> mine_caption("the chair the woman is sitting on")
    [('woman', 'sitting on', 'chair')]
    >>> words = Vocabulary(("mountain", "snow"), ("covered in", "covering"))
    >>> mine_caption("snow covered mountains", words)
    [('mountain', 'covered in', 'snow')]
    """
    return next(mine_captions([caption], vocabulary, language, backend))


def named(triplets: Iterable[Triplet], vocabulary: Vocabulary) -> list[Fact]:
    """Ids -> names."""
    names, predicates = vocabulary.objects, vocabulary.predicates
    return [(names[s - 1], predicates[p - 1], names[o - 1]) for s, p, o in triplets]


def _never_met(vocabulary: Vocabulary, objects: Objects, tags: Tags) -> tuple[str, ...]:
    """The object classes of whose forms none is a noun phrase that is found as this class: `cup of coffee`, `-`."""

    def met(name: str) -> bool:
        texts = (words_of(cleaned(f"the {plain(form)}")) for form in name_forms(name))
        return any(
            chunks(words, tags).kinds == "N"
            and objects.find(" ".join(words[1:])) == vocabulary.object_ids[name]
            for words in texts
        )

    return tuple(name for name in vocabulary.objects if not met(name))


def _reader(backend: str, grammar: Grammar, objects: Objects, tags: Tags) -> Callable[[str], Sequence[Fact]]:
    """What reads one cleaned caption."""
    if backend == RULES:
        return _Rules(grammar, objects.last_words, tags)
    if backend == SPACY:
        return spacy_backend.reader(grammar)
    raise InputError(f"the backend '{backend}' does not exist; give {RULES} or {SPACY}")


#: Names of noun phrases that stand for another one, or are passed over for a second preposition.
_NAMED_ELSEWHERE = frozenset(("it", "them", "self", "limb"))
#: Chunks after the last wanted one that the parser may look at.
_BEYOND = 3
#: Chunks after a verb or a preposition in which its objects stand.
_OBJECTS = 9
#: A verb, and nothing after it that it could be about: `wood table plates are sitting on`.
_BARE = re.compile(r"N[bt]*[geBSf]p?(?:[.,]|$)")


class _Rules:
    """The project's own reader: words, chunks, what they state; sentences of one shape are parsed once."""

    def __init__(self, grammar: Grammar, nouns: Collection[str], tags: Tags) -> None:
        self._wanted, self._tags = Wanted(nouns), tags
        self._names = Names(self._tags, grammar.acts)
        self._has = grammar.has
        self._links = bool(grammar.links or grammar.has)
        self._compounds = {word for word, act in grammar.acts.items() if len(act.known.agents) > 1}
        self._telling = frozenset({*grammar.acts, *grammar.links, *(("of",) if grammar.has else ())})
        self._facts = lru_cache(REMEMBERED)(Parser(grammar).facts)

    def __call__(self, text: str) -> list[Fact]:
        words = words_of(text)
        cut = chunks(words, self._tags)
        heads = [words[end - 1] for end in cut.ends]
        wanted = list(map(self._wanted.__getitem__, heads))
        names = self._names.of(words, heads, cut)
        found: list[Fact] = []
        if wanted.count(True) > 1:
            end = self._end(cut.kinds, wanted, names)
            stated = self._facts(cut.kinds[:end], cut.marks[:end], names[:end]) if end else ()
            for subject, predicate, thing in stated:
                if wanted[subject] and wanted[thing]:
                    found.append(
                        (" ".join(words[cut.span(subject)]), predicate, " ".join(words[cut.span(thing)]))
                    )
        elif _BARE.search(cut.kinds):
            found += self._run_together(words, cut, names)
        return found + list(self._possessions(words, cut, names)) if self._has else found

    def _end(self, kinds: str, wanted: list[bool], names: tuple[str, ...]) -> int:
        """Where reading may stop: after the last phrase that may name a class, or the last word that tells a thing."""
        for place in range(len(names) - 1, -1, -1):
            if names[place] in self._telling and (self._links or self._promises(kinds, wanted, names, place)):
                end = len(wanted) - wanted[::-1].index(True) + _BEYOND
                return min(end, place + _OBJECTS)
        return 0

    def _promises(self, kinds: str, wanted: list[bool], names: tuple[str, ...], verb: int) -> bool:
        """False where the object of a verb can only be a noun phrase that names no class; needs no attachment."""
        ahead = kinds.find("N", verb + 1, verb + 5)
        if ahead >= 0:
            if wanted[ahead] or names[ahead] in _NAMED_ELSEWHERE:
                return True
            if kinds[ahead + 1 : ahead + 2] in ("c", ",", "e", "g") and any(wanted[ahead + 1 : ahead + 7]):
                return True
        # the object stands before: a chair the man is sitting on, on the bed lies a cat, snow covered hills
        before = kinds[:verb]
        if "NN" in before or "Nw" in before or "p" in before[:1] or names[verb] in self._compounds:
            return True
        return ahead < 0 and kinds[verb + 1 : verb + 2] in ("", ".", ",", "p", "c")

    def _run_together(self, words: list[str], cut: Chunks, names: tuple[str, ...]) -> Iterator[Fact]:
        """`wood table | plates are sitting on`."""
        for subject, predicate, thing in self._facts(cut.kinds, cut.marks, names):
            if thing == RUN_TOGETHER:
                *before, last = words[cut.span(subject)]
                yield last, predicate, " ".join(before)

    def _possessions(self, words: list[str], cut: Chunks, names: tuple[str, ...]) -> Iterator[Fact]:
        """`the man 's horse`, `giraffe legs`, `a long haired boy`: stated inside a noun phrase."""
        for place, start, end in self._names.owners(words, cut, names):
            yield " ".join(words[start:end]), self._has, " ".join(words[cut.span(place)])
        if not lexicon.HAVING.keys().isdisjoint(words):
            for place, kind in enumerate(cut.kinds):
                *before, head = words[cut.span(place)]
                for word in before if kind == "N" else ():
                    if word in lexicon.HAVING:
                        yield head, self._has, lexicon.HAVING[word]
