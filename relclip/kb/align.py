"""Facts of a caption, aligned to a vocabulary: class ids and predicate ids."""

from collections.abc import Mapping
from functools import lru_cache

from relclip.core.errors import ContractError
from relclip.core.vocabulary import Vocabulary
from relclip.kb.objects import Objects
from relclip.kb.parser import facts
from relclip.kb.prefilter import verb_pattern
from relclip.kb.tagger import split

REMEMBERED_CAPTIONS = 1 << 16
PREDICATES = (
    "carrying", "covered in", "covering", "eating", "flying in", "growing on", "hanging from", "lying on",
    "mounted on", "painted on", "parked on", "playing", "riding", "says", "sitting on", "standing on", "using",
    "walking in", "walking on", "watching",
)  # fmt: skip

Triplet = tuple[int, int, int]


class Miner:
    """Finds the triplets of one caption after another. Vocabulary: any object classes, predicates of the 20.

    `aliases`: other name of an object -> its name (`objects.read_aliases`).
    """

    def __init__(self, vocabulary: Vocabulary, aliases: Mapping[str, str] | None = None) -> None:
        check_predicates(vocabulary)
        self._objects = Objects(vocabulary.objects, aliases)
        self._predicates = vocabulary.predicate_ids
        self.pattern = verb_pattern(vocabulary)
        self._remembered = lru_cache(REMEMBERED_CAPTIONS)(self._parse)

    def triplets(self, caption: str) -> tuple[Triplet, ...]:
        """Return the sorted, distinct (subject class, predicate, object class) ids of a caption.

        Captions that do not match `pattern` have none: `prefilter.candidates` passes over whole blocks of them.
        """
        return self._remembered(caption)

    def _parse(self, caption: str) -> tuple[Triplet, ...]:
        words = split(caption)
        if sum(map(self._objects.last_words.__contains__, words)) < 2:
            return ()
        found = set()
        for subject, predicate, thing in facts(words):
            triplet = (
                self._objects.find(subject),
                self._predicates.get(predicate, 0),
                self._objects.find(thing),
            )
            if all(triplet):
                found.add(triplet)
        return tuple(sorted(found))


def mine_caption(
    caption: str, vocabulary: Vocabulary, aliases: Mapping[str, str] | None = None
) -> list[tuple[str, str, str]]:
    """Return the (subject, predicate, object) names that one caption states, in the order of their ids.

    >>> words = Vocabulary(("mountain", "snow"), ("covered in", "covering"))
    >>> mine_caption("snow covered mountains", words)
    [('mountain', 'covered in', 'snow')]

    Raises ContractError for a predicate that the miner does not know.
    """
    names = vocabulary.objects
    return [
        (names[subject - 1], vocabulary.predicates[predicate - 1], names[thing - 1])
        for subject, predicate, thing in Miner(vocabulary, aliases).triplets(caption)
    ]


def check_predicates(vocabulary: Vocabulary) -> None:
    """Raise ContractError where the vocabulary has a predicate that the miner has no rules for."""
    unknown = [name for name in vocabulary.predicates if name not in PREDICATES]
    if unknown:
        raise ContractError(
            f"the vocabulary has the predicate '{unknown[0]}', which the caption miner has no rules for; "
            f"it knows: {', '.join(PREDICATES)}"
        )
