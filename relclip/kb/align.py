"""Facts of a caption, aligned to a vocabulary: class ids and predicate ids."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from relclip.core.errors import InputError
from relclip.core.forms import load_aliases, name_forms, name_spellings
from relclip.core.vocabulary import Vocabulary, load_names
from relclip.kb import lexicon, spacy_backend
from relclip.kb.gold import Fact
from relclip.kb.grammar import PHRASES
from relclip.kb.objects import Objects
from relclip.kb.phrases import chunks
from relclip.kb.plain import plain
from relclip.kb.predicates import Grammar
from relclip.kb.prefilter import predicates_pattern, two_words_pattern, usable
from relclip.kb.rules import Rules
from relclip.kb.tagger import END, END_TAG, Tags, cleaned, words_of

#: Captions whose triplets are remembered.
REMEMBERED = 1 << 17
AT_ONCE = 1000

Triplet = tuple[int, int, int]

RULES, SPACY = "rules", "spacy"
#: Of whom each predicate is said, and
_PAIRS = (("man", "horse"), ("girl", "camel"), ("hat", "bench"))
#: what is said of each class, to see whether a caption can.
_TRIED = ("the {} on x", "{} on x", "the {} of it on x")
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
        nouns = self._objects.last_words
        grammar = Grammar(vocabulary.predicates, language.predicate_aliases, language.verbs, nouns)
        tags = Tags(grammar.tags, nouns)
        reading = _NameReader(vocabulary, self._objects, tags)
        phrases = grammar.phrases if backend == RULES else PHRASES
        self._phrases = phrases | reading.compounds(phrases)
        never_said = _never_said(grammar, vocabulary.predicates, tags)
        self.not_mined = Vocabulary(reading.never_met(self._phrases), never_said)
        self._read = _reader(backend, grammar, self._objects, tags)
        ends = nouns | (_owning(nouns) if grammar.has else set())
        patterns = predicates_pattern(grammar), two_words_pattern(ends)
        self.patterns = tuple(map(usable, patterns))
        self._known: dict[str, tuple[Triplet, ...]] = {}

    def __reduce__(self) -> tuple[type["Miner"], tuple[Any, ...]]:
        """A worker that is started afresh makes its own."""
        return type(self), self._made_of

    def triplets(self, caption: str) -> tuple[Triplet, ...]:
        """Return the sorted, distinct (subject class, predicate, object class) ids of a caption.

        Captions that do not match all `patterns` have none: `prefilter.candidates` passes over whole blocks of them.
        """
        return self.triplets_of_lines([plain(caption)])[0]

    def triplets_of_lines(self, captions: Sequence[str]) -> list[tuple[Triplet, ...]]:
        """The same for many plain captions without line ends in them, read all at once, equal ones once."""
        known = self._known
        new = [caption for caption in dict.fromkeys(captions) if caption not in known]
        found = dict(zip(new, self._parse(new), strict=True)) if new else {}
        every = [found[caption] if caption in found else known[caption] for caption in captions]
        if len(known) > REMEMBERED:
            known.clear()
        known.update(found)
        return every

    def _parse(self, captions: Sequence[str]) -> Iterator[tuple[Triplet, ...]]:
        find, ids = self._objects.find, self._ids
        for stated in self._read(cleaned("\n".join(captions), self._phrases)):
            if not stated:
                yield ()
                continue
            found = {(find(subject), ids[predicate], find(thing)) for subject, predicate, thing in stated}
            yield tuple(sorted(triplet for triplet in found if triplet[0] and triplet[2]))


def mine_captions(
    captions: Iterable[str],
    vocabulary: Vocabulary = STANDARD,
    language: Language | None = None,
    backend: str = RULES,
) -> Iterator[list[Fact]]:
    """Yield, caption by caption, the (subject, predicate, object) names that it states, in the order of their ids.

    AT_ONCE captions are read at a time.

    >>> list(mine_captions(["a man riding a horse", "blue sky", "two dogs lying on a bed"]))
    [[('man', 'riding', 'horse')], [], [('dog', 'lying on', 'bed')]]

    `vocabulary`: by default Visual Genome's 150 objects and 20 predicates; of others what cannot be mined is left out.
    Raises InputError for a backend that is not there.
    """
    return _mined(Miner(vocabulary, language, backend), iter(captions), vocabulary)


def _mined(miner: Miner, captions: Iterator[str], vocabulary: Vocabulary) -> Iterator[list[Fact]]:
    while some := list(map(plain, islice(captions, AT_ONCE))):
        for triplets in miner.triplets_of_lines(some):
            yield named(triplets, vocabulary)


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


class _NameReader:
    """Whether the forms of class names, alone in a sentence, are read as noun phrases of their classes."""

    def __init__(self, vocabulary: Vocabulary, objects: Objects, tags: Tags) -> None:
        self._numbers, self._objects, self._tags = vocabulary.object_ids, objects, tags
        self._forms = [
            (name, form, number) for name, number in self._numbers.items() for form in name_forms(name)
        ]

    def compounds(self, phrases: Mapping[str, str]) -> dict[str, str]:
        """Those of several words that are not: they act as one (stop sign, potted plant, cup of coffee)."""
        whole = zip(self._forms, self._classes("", phrases), self._classes("the ", phrases), strict=True)
        cut = [form for (_, form, number), *found in whole if " " in form and found != [number, number]]
        return {f" {form} ": f" {form.replace(' ', '-')} " for form in sorted(cut, key=len, reverse=True)}

    def never_met(self, phrases: Mapping[str, str]) -> tuple[str, ...]:
        """The names of which no caption states anything: `-`, `is`, `man's shoe`; tried in sentences of each."""
        read = Rules(Grammar(("on",)), [*self._objects.last_words, "x"], self._tags)
        never = dict(self._numbers)
        for tried in _TRIED:
            forms = [(name, form) for name in never for form in name_spellings(name)]
            text = "\n".join(plain(tried.format(form)) for _, form in forms)
            for (name, _), facts in zip(forms, read(cleaned(text, phrases)), strict=False):
                if self._numbers[name] in [self._objects.find(subject) for subject, _, _ in facts]:
                    never.pop(name, 0)
        return tuple(never)

    def _classes(self, article: str, phrases: Mapping[str, str]) -> Iterator[int]:
        """The class that each form with this article before it names, 0 where it is no noun phrase."""
        text = "\n".join(plain(f"{article}{form}") for _, form, _ in self._forms)
        cut = chunks(words_of(cleaned(text, phrases)), self._tags)
        place = 0
        for kinds in cut.kinds.split(END_TAG)[: len(self._forms)]:
            yield self._objects.find(cut.phrase(place).removeprefix(article)) if kinds == "N" else 0
            place += len(kinds) + 1


def _owning(nouns: Set[str]) -> set[str]:
    """Words that say that somebody has one of the nouns, or is one and has something: haired, a mans hand."""
    having = {form for form, part in lexicon.HAVING.items() if part in nouns}
    return having | {f"{noun}s" for noun in nouns if lexicon.SORTS.get(noun) in lexicon.LIVING}


def _never_said(grammar: Grammar, predicates: Sequence[str], tags: Tags) -> tuple[str, ...]:
    """The predicates that no caption states, under no alias; tried in sentences of each."""
    nouns = {noun for pair in _PAIRS for noun in pair}
    tried = "\n".join(
        plain(f"the {one} {be}{text} the {other}")
        for text in grammar.texts
        for one, other in _PAIRS
        for be in ("", "is ")
    )
    said = {
        fact[1] for facts in Rules(grammar, nouns, tags)(cleaned(tried, grammar.phrases)) for fact in facts
    }
    return tuple(name for name in predicates if name not in said)


def _reader(
    backend: str, grammar: Grammar, objects: Objects, tags: Tags
) -> Callable[[str], Sequence[Sequence[Fact]]]:
    """What reads cleaned captions."""
    if backend == RULES:
        return Rules(grammar, objects.last_words, tags)
    if backend == SPACY:
        read = spacy_backend.reader(grammar)
        return lambda text: [read(caption) for caption in text.split(END)]
    raise InputError(f"the backend '{backend}' does not exist; give {RULES} or {SPACY}")
