"""The noun phrases of one caption and what each hangs on: a preposition's or a verb's phrase, or a partner (`and`)."""

from collections.abc import Iterable, Iterator

from relclip.kb import grammar, lexicon
from relclip.kb.tagger import Chunks

VERBS = frozenset("GEFBSgefvm")
#: Nothing looks further than this beyond either end of a sentence; a negative place reads from the end of the padding.
PAD = 8
_END, _NO_WORDS = "." * PAD, [""] * PAD
_STARTS_CLAUSE = VERBS | {"b"}
_PERSON, _ANIMAL, _WORN = (
    frozenset(words.split()) for words in (lexicon.PERSON, lexicon.ANIMAL, lexicon.WORN)
)
_HOLDING = frozenset(lexicon.HOLDING.split())
_PEOPLE = frozenset(lexicon.PEOPLE.split())


class Sentence:
    """Chunks by place (0, 1, ...), read from left to right: `attach` each noun phrase, `note` each verb's subjects."""

    def __init__(self, words: list[str], parts: Chunks) -> None:
        self.words = words
        self.kinds, self.starts, self.ends = parts
        #: kind[place], word[place]: a chunk's kind and first word; '.' and '' up to PAD places outside the sentence.
        self.kind = self.kinds + _END
        self.word = [words[start] for start in self.starts] + _NO_WORDS
        self.subjects: dict[int, list[int]] = {}
        self.last_verb = -1
        self._parent = [-1] * len(self.kinds)
        self._link = [""] * len(self.kinds)
        self._partner = [-1] * len(self.kinds)

    def head(self, place: int) -> str:
        """Last word of a chunk."""
        return self.words[self.ends[place] - 1]

    def phrase(self, place: int) -> str:
        """The words of a noun phrase; of `he`, `she`, `they` those of the person named before."""
        if self.word[place] in _PEOPLE:
            named = (
                noun
                for noun in range(place - 1, -1, -1)
                if self.kinds[noun] == "N" and self.sort(noun) == "person"
            )
            place = next((noun for noun in named if self.word[noun] not in _PEOPLE), place)
        return " ".join(self.words[self.starts[place] : self.ends[place]])

    def sort(self, place: int) -> str:
        """What the head of a noun phrase is: person, animal, worn (clothes, body parts) or thing."""
        word = self.head(place)
        if word in _PERSON:
            return "person"
        if word in _ANIMAL:
            return "animal"
        return "worn" if word in _WORN else "thing"

    def bare(self, place: int) -> bool:
        """Whether the noun phrase starts without determiner (snow covered | mountains)."""
        start = self.starts[place]
        return (
            self.kinds[place] == "N"
            and self.ends[place - 1] == start
            and self.words[start] not in _DETERMINERS
        )

    def attach(self, place: int) -> None:
        """Find what the noun phrase hangs on; everything left of it must be attached."""
        before = self.kind[place - 1]
        if before in "po":
            self._parent[place] = self.noun_before(place - 1)
            filled = self.kind[place - 2] in "Eem" and self.word[place - 1] == "with"
            self._link[place] = "of" if filled else self.word[place - 1]
        elif before in VERBS and self.word[place - 1].startswith("cover") and self.compound(place - 1):
            self._like(place, place - 2)
            self._partner[place] = self._partner[place - 2]
        elif before in VERBS:
            self._parent[place] = next(iter(self.subjects.get(place - 1, [])), -1)
            self._link[place] = self.word[place - 1]
        elif before == "c" or self.word[place - 1] == ",":
            self._join(place)

    def compound(self, verb: int) -> bool:
        """`snow covered mountains`: a participle between two nouns without determiner."""
        return (
            self.kinds[verb] == "E"
            and self.kind[verb - 1] == "N"
            and self.kind[verb + 1] == "N"
            and self.bare(verb + 1)
        )

    def noun_before(self, place: int) -> int:
        """The nearest noun phrase left of `place`, or the subject of a verb that stands between; -1 if none."""
        for left in range(place - 1, -1, -1):
            if self.kinds[left] == "N":
                return left
            if left in self.subjects:
                return next(iter(self.subjects[left]), -1)
            if self.kinds[left] == ".":
                return -1
        return -1

    def chain(self, place: int) -> list[int]:
        """The phrase, what it hangs on, and so on up; in `a cup of (filled with) water` the cup comes first."""
        found: list[int] = []
        while place >= 0:
            parent = self._parent[place]
            if self._link[place] == "of" and parent >= 0:
                found += [parent, place]
                place = self._parent[parent]
            else:
                found.append(place)
                place = parent
        return found

    def group(self, place: int) -> list[int]:
        """The phrase and those it is coordinated with, in their order."""
        found = []
        while place >= 0:
            found.append(place)
            place = self._partner[place]
        return found[::-1]

    def choose(self, candidates: Iterable[int], wanted: str) -> list[int]:
        """The first candidate that may be the subject of a verb that wants it so, else the first at all; its group."""
        nouns = list(candidates)
        fitting: Iterator[int] = (noun for noun in nouns if self._fits(noun, wanted))
        best = next(fitting, nouns[0] if nouns else -1)
        return self.group(best)

    def _fits(self, noun: int, wanted: str) -> bool:
        sort = self.sort(noun)
        if wanted == "animate":
            return sort in ("person", "animal")
        if wanted == "body":
            return sort != "worn" and not (sort == "thing" and self._held(noun))
        return wanted != "thing" or sort != "person"

    def _held(self, noun: int) -> bool:
        """A thing that somebody holds or is in: `a man holding a board sitting on` is about the man."""
        parent = self._parent[noun]
        return parent >= 0 and self._link[noun] in _HOLDING and self.sort(parent) in ("person", "animal")

    def _object_of_verb(self, place: int) -> bool:
        before = place - 2 if self.kind[place - 1] in "po" else place - 1
        return self.kind[before] in VERBS

    def _like(self, place: int, other: int) -> None:
        self._parent[place], self._link[place] = self._parent[other], self._link[other]

    def _join(self, place: int) -> None:
        """Pair `cat and dog`: the nearest earlier phrase of the same sort on the same chain, else the nearest."""
        chain = self.chain(self.noun_before(place - 1))
        if not chain:
            return
        partner = next((other for other in chain if self.sort(other) == self.sort(place)), chain[0])
        if self.kind[place - 1] == "," and self.sort(partner) != self.sort(place):
            return
        if self._object_of_verb(partner) and self.kind[place + 1] in _STARTS_CLAUSE and not self.bare(place):
            return
        self._like(place, partner)
        if not any(verb > partner for verb in self.subjects):
            self._partner[place] = partner


_DETERMINERS = frozenset(grammar.CLOSED["d"].split())
