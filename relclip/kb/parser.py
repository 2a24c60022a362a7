"""Chunks -> who does what to whom: one scan from left to right, each verb looks for its subject and its objects."""

from collections.abc import Iterator

from relclip.kb import grammar
from relclip.kb.tagger import Chunk, chunks

_PERSON, _ANIMAL, _WORN = (
    frozenset(words.split()) for words in (grammar.PERSON, grammar.ANIMAL, grammar.WORN)
)
_VERBS = {
    form: verb
    for verb in grammar.VERBS.values()
    for form in " ".join((verb.gerund, verb.participle, verb.finite, verb.base, verb.ambiguous)).split()
}
_PARTICIPLES = frozenset(" ".join(verb.participle for verb in grammar.VERBS.values()).split())
_HOLDING = frozenset(
    """holding wearing carrying with using riding eating reading playing watching holds wears has
    have having pulling pushing swinging throwing catching hitting drinking feeding walking""".split()
)
_COVERED_BY = frozenset("in with by of".split())

#: (subject phrase, predicate, object phrase): phrases as (start, end) of their words.
Span = tuple[int, int]
Fact = tuple[Span, str, Span]


def facts(words: list[str]) -> Iterator[tuple[str, str, str]]:
    """Yield (subject phrase, predicate, object phrase) of a caption's words (`tagger.split`); nothing is aligned yet."""
    for (start, end), predicate, (first, last) in Sentence(words, chunks(words)).facts():
        yield " ".join(words[start:end]), predicate, " ".join(words[first:last])


class Sentence:
    """The chunks of one caption with, for each noun phrase, what it hangs on."""

    def __init__(self, words: list[str], parts: list[Chunk]) -> None:
        self.words = words
        self.parts = parts
        self.kinds = "".join(part.kind for part in parts)
        self.parent = [-1] * len(parts)
        self.link = [""] * len(parts)
        self.partner = [-1] * len(parts)
        self.subjects: dict[int, list[int]] = {}
        self.last_verb = -1

    def facts(self) -> list[Fact]:
        """All (subject, predicate, object) of this sentence."""
        found: list[Fact] = []
        for place, kind in enumerate(self.kinds):
            if kind == "N":
                self._attach(place)
            elif kind in "GEFBSgefv":
                if self._is_verb(place):
                    self.subjects[place] = self._subject(place)
                    self.last_verb = place
                    if kind in "GEFBS":
                        found += self._relations(place)
            elif kind == ".":
                self.last_verb = -1
        return found

    def _head(self, place: int) -> str:
        return self.words[self.parts[place].end - 1]

    def _word(self, place: int) -> str:
        return self.words[self.parts[place].start]

    def _span(self, place: int) -> Span:
        return self.parts[place].start, self.parts[place].end

    def _kind(self, place: int) -> str:
        return self.kinds[place] if 0 <= place < len(self.kinds) else "."

    def _sort(self, place: int) -> str:
        word = self._head(place)
        if word in _PERSON:
            return "person"
        if word in _ANIMAL:
            return "animal"
        return "worn" if word in _WORN else "thing"

    def _attach(self, place: int) -> None:
        """What the noun phrase hangs on: the phrase before its preposition, its verb's subject, or its partner."""
        before = self._kind(place - 1)
        if before in "po":
            self.parent[place] = self._noun_before(place - 1)
            self.link[place] = self._word(place - 1)
        elif before in "GEFBSgefv":
            self.parent[place] = next(iter(self.subjects.get(place - 1, [])), -1)
            self.link[place] = self._word(place - 1)
        elif before in "c,":
            self._join(place)

    def _noun_before(self, place: int) -> int:
        """The nearest noun phrase left of `place`, or the subject of a verb that stands between."""
        for left in range(place - 1, -1, -1):
            if self.kinds[left] == "N":
                return left
            if left in self.subjects:
                return next(iter(self.subjects[left]), -1)
            if self.kinds[left] == ".":
                return -1
        return -1

    def _join(self, place: int) -> None:
        """Pair `cat and dog`: the nearest earlier phrase of the same sort on the same chain, else the nearest."""
        chain = list(self._chain(self._noun_before(place - 1)))
        if not chain:
            return
        partner = next((other for other in chain if self._sort(other) == self._sort(place)), chain[0])
        if self._kind(place - 1) == "," and self._sort(partner) != self._sort(place):
            return
        self.parent[place], self.link[place] = self.parent[partner], self.link[partner]
        if not any(verb > partner for verb in self.subjects):
            self.partner[place] = partner

    def _chain(self, place: int) -> Iterator[int]:
        while place >= 0:
            yield place
            place = self.parent[place]

    def _group(self, place: int) -> list[int]:
        """The phrase and those it is coordinated with, in their order."""
        group = []
        while place >= 0:
            group.append(place)
            place = self.partner[place]
        return group[::-1]

    def _is_verb(self, place: int) -> bool:
        """A participle straight after a determiner, a verb or a preposition is an adjective (riding boots)."""
        return self._kind(place - 1) in "Nb,cwt.gefv" or self._kind(place - 1) in "GEFBS"

    def _subject(self, place: int) -> list[int]:
        finite = self.kinds[place] in "FBSf"
        left = place - 1
        while self._kind(left) in "bt" and left >= 0:
            finite = finite or self.kinds[left] == "b"
            left -= 1
        kind = self._kind(left)
        if kind == "w":
            return self._choose(place, self._chain(self._noun_before(left)))
        if kind == "N":
            clause = self._kind(left - 1) in "Nw"
            chain = list(self._chain(left))
            if clause:
                return self._group(left)
            return self._choose(place, reversed(chain) if finite else chain)
        if kind == ".":
            return []
        if self.last_verb >= 0 and self.subjects[self.last_verb]:
            return self.subjects[self.last_verb]
        chain = list(self._chain(self._noun_before(left)))
        return self._choose(place, reversed(chain))

    def _choose(self, place: int, chain: "Iterator[int] | list[int] | reversed[int]") -> list[int]:
        """The first phrase of the chain that may be this verb's subject, else the first at all."""
        candidates = list(chain)
        if not candidates:
            return []
        verb = _VERBS.get(self._word(place))
        wanted = verb.subject if verb else "animate"
        best = next((noun for noun in candidates if self._fits(noun, wanted)), candidates[0])
        return self._group(best)

    def _fits(self, noun: int, wanted: str) -> bool:
        sort = self._sort(noun)
        if wanted == "animate":
            return sort in ("person", "animal")
        if wanted == "body":
            return sort != "worn" and not self._held(noun, sort)
        if wanted == "thing":
            return sort not in ("person",)
        return True

    def _held(self, noun: int, sort: str) -> bool:
        """A thing that somebody holds: `a man holding a board sitting on` is about the man."""
        parent = self.parent[noun]
        return (
            sort == "thing"
            and parent >= 0
            and self.link[noun] in _HOLDING
            and self._sort(parent) in ("person", "animal")
        )

    def _relations(self, place: int) -> Iterator[Fact]:
        word, after = self._word(place), self._kind(place + 1)
        verb = _VERBS[word]
        subjects = self.subjects[place]
        participle = word in _PARTICIPLES
        next_word = self._word(place + 1) if after != "." or place + 1 < len(self.parts) else ""
        if word.startswith("cover") and participle:
            yield from self._covered(place, subjects, next_word)
        elif participle and verb.direct and after == "p" and next_word == "by":
            for agent in self._objects(place + 2):
                for subject in subjects:
                    yield self._span(agent), verb.direct, self._span(subject)
        elif after == "p" and dict(verb.prepositions).get(next_word):
            predicate = dict(verb.prepositions)[next_word]
            yield from self._pairs(place, subjects, predicate, place + 2)
        elif verb.direct and not (participle and self._kind(place - 1) == "b"):
            yield from self._pairs(place, subjects, verb.direct, place + 1)

    def _pairs(self, place: int, subjects: list[int], predicate: str, target: int) -> Iterator[Fact]:
        objects = self._objects(target)
        if not objects and subjects and self._kind(target) != "N":
            objects = self._gap(subjects[0])
        for subject in subjects:
            for thing in objects:
                if subject != thing:
                    yield self._span(subject), predicate, self._span(thing)

    def _gap(self, subject: int) -> list[int]:
        """`the chair (that) the woman is sitting on`: the object stands before the subject."""
        left = subject - 1
        if self._kind(left) == "w":
            left -= 1
        elif self._kind(left) != "N":
            return []
        return [left] if self._kind(left) == "N" else []

    def _objects(self, place: int) -> list[int]:
        """The noun phrase at `place` and those coordinated with it that are not the subject of a next verb."""
        if self._kind(place) != "N":
            return []
        if self.words[self.parts[place].start] in ("it", "them"):
            return self._antecedent(place)
        objects = [place]
        while (
            self._kind(place + 1) in "c,"
            and self._kind(place + 2) == "N"
            and self._kind(place + 3) not in "GEFBSgefvbp"
        ):
            place += 2
            objects.append(place)
        return objects

    def _antecedent(self, place: int) -> list[int]:
        chain = list(self._chain(self._noun_before(place)))
        return chain[-1:] if len(chain) > 1 else []

    def _covered(self, place: int, subjects: list[int], next_word: str) -> Iterator[Fact]:
        """`x covered in y`, `snow covered x`, `x is snow covered`."""
        after = self._kind(place + 1)
        if after == "p" and next_word in _COVERED_BY or after == "o":
            for thing in self._objects(place + 2):
                for subject in subjects:
                    yield self._span(subject), "covered in", self._span(thing)
        elif after == "N" and self._kind(place - 1) == "N":
            for cover in self._group(place - 1):
                yield self._span(place + 1), "covered in", self._span(cover)
        elif self._kind(place - 1) == "N" and self._kind(place - 2) == "b" and self._kind(place - 3) == "N":
            yield self._span(place - 3), "covered in", self._span(place - 1)
