"""Facts of a caption, aligned to a vocabulary: class ids and predicate ids."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from relclip.core.errors import ContractError, InputError
from relclip.core.vocabulary import Vocabulary, load_names
from relclip.kb import spacy_backend
from relclip.kb.gold import Fact
from relclip.kb.objects import Objects
from relclip.kb.parser import facts
from relclip.kb.prefilter import two_words_pattern, verb_pattern
from relclip.kb.tagger import cleaned, words_of

REMEMBERED_CAPTIONS = 1 << 16
PREDICATES = (
    "carrying", "covered in", "covering", "eating", "flying in", "growing on", "hanging from", "lying on",
    "mounted on", "painted on", "parked on", "playing", "riding", "says", "sitting on", "standing on", "using",
    "walking in", "walking on", "watching",
)  # fmt: skip

Triplet = tuple[int, int, int]


class Reader(NamedTuple):
    """What reads sentences. cleaned: one caption, or many with line ends between them; facts: of one cleaned one."""

    cleaned: Callable[[str], str]
    facts: Callable[[str], Iterable[Fact]]


RULES, SPACY = "rules", "spacy"
STANDARD = Vocabulary(load_names("vg150"), load_names("vg20"))


class Miner:
    """Finds the triplets of one caption after another. Vocabulary: any object classes, predicates of the 20.

    `aliases`: other name of an object -> its name (`objects.read_aliases`). `backend`: who reads the sentences, the
    project's `rules` or `spacy` (a dependency parser, `spacy_backend`; needs spaCy and a model of English).
    """

    def __init__(
        self, vocabulary: Vocabulary, aliases: Mapping[str, str] | None = None, backend: str = RULES
    ) -> None:
        check_predicates(vocabulary)
        self._made_of = (vocabulary, aliases, backend)
        self._objects = Objects(vocabulary.objects, aliases)
        self._predicates = vocabulary.predicate_ids
        self._reader = _reader(backend, self._objects)
        self.patterns = (verb_pattern(vocabulary), two_words_pattern(self._objects.last_words))
        self._remembered = lru_cache(REMEMBERED_CAPTIONS)(self._parse)

    def __reduce__(self) -> tuple[type["Miner"], tuple[Any, ...]]:
        """A worker that is started afresh makes its own."""
        return type(self), self._made_of

    def triplets(self, caption: str) -> tuple[Triplet, ...]:
        """Return the sorted, distinct (subject class, predicate, object class) ids of a caption.

        Captions that do not match all `patterns` have none: `prefilter.candidates` passes over whole blocks of them.
        """
        return self._remembered(self._reader.cleaned(caption))

    def triplets_of_lines(self, captions: Sequence[str]) -> list[tuple[Triplet, ...]]:
        """The same for many captions without line ends in them, cleaned all at once."""
        if not captions:
            return []
        return [self._remembered(text) for text in self._reader.cleaned("\n".join(captions)).split("\n")]

    def _parse(self, text: str) -> tuple[Triplet, ...]:
        found = set()
        for subject, predicate, thing in self._reader.facts(text):
            triplet = (
                self._objects.find(subject),
                self._predicates.get(predicate, 0),
                self._objects.find(thing),
            )
            if all(triplet):
                found.add(triplet)
        return tuple(sorted(found))


def mine_captions(
    captions: Iterable[str],
    vocabulary: Vocabulary = STANDARD,
    aliases: Mapping[str, str] | None = None,
    backend: str = RULES,
) -> Iterator[list[Fact]]:
    """Yield, caption by caption, the (subject, predicate, object) names that it states, in the order of their ids.

    >>> list(mine_captions(["a man riding a horse", "blue sky", "two dogs lying on a bed"]))
    [[('man', 'riding', 'horse')], [], [('dog', 'lying on', 'bed')]]

    `vocabulary`: by default Visual Genome's 150 objects and 20 predicates. Raises ContractError for a predicate that
    the miner does not know, InputError for a backend that is not there.
    """
    miner = Miner(vocabulary, aliases, backend)
    return (named(miner.triplets(caption), vocabulary) for caption in captions)


def mine_caption(
    caption: str,
    vocabulary: Vocabulary = STANDARD,
    aliases: Mapping[str, str] | None = None,
    backend: str = RULES,
) -> list[Fact]:
    """Return the (subject, predicate, object) names that one caption states; for many, `mine_captions` is faster.

    >>> mine_caption("the chair the woman is sitting on")
    [('woman', 'sitting on', 'chair')]
    >>> words = Vocabulary(("mountain", "snow"), ("covered in", "covering"))
    >>> mine_caption("snow covered mountains", words)
    [('mountain', 'covered in', 'snow')]
    """
    return next(mine_captions([caption], vocabulary, aliases, backend))


def named(triplets: Iterable[Triplet], vocabulary: Vocabulary) -> list[Fact]:
    """Ids -> names."""
    names, predicates = vocabulary.objects, vocabulary.predicates
    return [(names[s - 1], predicates[p - 1], names[o - 1]) for s, p, o in triplets]


def check_predicates(vocabulary: Vocabulary) -> None:
    """Raise ContractError where the vocabulary has a predicate that the miner has no rules for."""
    unknown = [name for name in vocabulary.predicates if name not in PREDICATES]
    if unknown:
        raise ContractError(
            f"the vocabulary has the predicate '{unknown[0]}', which the caption miner has no rules for; "
            f"it knows: {', '.join(PREDICATES)}"
        )


def _reader(backend: str, objects: Objects) -> Reader:
    if backend == RULES:
        return Reader(cleaned, lambda text: facts(words_of(text), objects.may_end))
    if backend == SPACY:
        return Reader(str, spacy_backend.reader())
    raise InputError(f"the backend '{backend}' does not exist; give {RULES} or {SPACY}")
