"""The noun phrases of one caption and what each hangs on: a preposition's or a verb's phrase, or a partner (`and`)."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from typing import Protocol

from relclip.core.forms import verb_forms
from relclip.kb import grammar, lexicon

VERBS = frozenset("geBSfvm")
#: Nothing looks further than this beyond either end of a sentence; a negative place reads from the end of the padding.
PAD = 8
_END, _NO_NAMES = "." * PAD, ("",) * PAD
_STARTS_CLAUSE = VERBS | {"b", "x"}
_LEADING = lexicon.HOLDING - {"watching"}
_PERSON = frozenset({"person", *lexicon.PEOPLE, *grammar.NOBODY})
_LIVING = frozenset({*_PERSON, "animal"})
_WORN = frozenset({"clothes", "colour", "body", "limb", "self"})
_IT = frozenset({"it", "them"})
_HAVE = frozenset(verb_forms("have")[:3])
_NEGATIVE = grammar.NOBODY | grammar.WITHOUT


#: (place of the subject, predicate, place of the object).
Stated = tuple[int, str, int]
#: Instead of an object's place: the phrase of the subject holds both, `wood table | plates are sitting on`.
RUN_TOGETHER = -1


class VerbReader(Protocol):
    """Says of the verb at a place whether it is one, and who does it."""

    def is_verb(self, sentence: "Sentence", place: int) -> bool:
        """Whether what looks like a verb is one."""

    def subjects(self, sentence: "Sentence", place: int) -> list[int]:
        """The noun phrases that do it; looks at what stands left of it alone."""


class Sentence:
    """Chunks by place (0, 1, ...): what a noun phrase hangs on, and who does a verb, is found when it is asked for.

    It knows no words of noun phrases, only what their heads are: kinds and marks as in `phrases.Chunks`, and a name for
    each chunk: the sort of a noun, the word itself of a pronoun and of all that the grammar tells apart, '' of others.
    """

    __slots__ = (
        "_attached", "_negated", "_partner", "_stated", "_subjects", "_verbs", "kind", "kinds", "link", "marks", "name",
        "now", "parent", "positive",
    )  # fmt: skip

    def __init__(self, kinds: str, marks: str, names: tuple[str, ...], verbs: VerbReader) -> None:
        self.kinds, self.marks, self._verbs = kinds, marks, verbs
        #: kind[place], name[place]: '.' and '' up to PAD places outside the sentence.
        self.kind = kinds + _END
        self.name = names + _NO_NAMES
        #: The place that is read: what stands right of it is no verb yet and hangs on nothing. It only grows.
        self.now = 0
        #: No word says that something is not there.
        self.positive = "x" not in kinds and "Z" not in marks.upper() and _NEGATIVE.isdisjoint(names)
        self.parent = [-1] * len(kinds)
        self.link = [""] * len(kinds)
        self._partner = [-1] * len(kinds)
        self._attached: set[int] = set()
        self._negated: set[int] = set()
        self._subjects: dict[int, list[int]] = {}
        self._stated: list[Stated] = []

    def is_verb(self, place: int) -> bool:
        """Whether a verb stands there."""
        return self.kind[place] in VERBS and place <= self.now and self._verbs.is_verb(self, place)

    def subjects(self, verb: int) -> list[int]:
        """Who does what the verb says; [] where no verb stands there."""
        found = self._subjects.get(verb)
        if found is None:
            if not self.is_verb(verb):
                return []
            self._subjects[verb] = found = self._verbs.subjects(self, verb)
        return found

    def state(self, subjects: Iterable[int], predicate: str, things: Sequence[int]) -> None:
        """Note that each of the subjects stands in the relation to each of the things."""
        if predicate:
            self._stated += [(subject, predicate, thing) for subject in subjects for thing in things]

    def facts(self) -> Iterator[Stated]:
        """What was noted; nothing of what is negated, nor of a thing about itself."""
        self.now = len(self.kinds)
        for subject, predicate, thing in self._stated:
            named = self.named(subject)
            if thing not in (subject, named) and (
                self.positive or not (self.negated(subject) or self.negated(thing))
            ):
                yield named, predicate, thing

    def living(self, place: int) -> bool:
        """Whether a noun phrase is a person or an animal."""
        return self.name[place] in _LIVING

    def worn(self, place: int) -> bool:
        """Whether a noun phrase is clothes or a part of a body."""
        return self.name[place] in _WORN

    def sort(self, place: int) -> str:
        """The sort of a noun phrase, one for all that is worn, one for all people."""
        name = self.name[place]
        if name in _WORN:
            return "worn"
        return "person" if name in _PERSON else "animal" if name == "animal" else "thing"

    def alike(self, one: int, other: int) -> bool:
        """Whether two noun phrases may do the same."""
        return self.sort(one) == self.sort(other) or (self.living(one) and self.living(other))

    def bare(self, place: int) -> bool:
        """Whether the noun phrase starts without determiner (snow covered | mountains)."""
        return self.marks[place] in "Nn"

    def negated(self, place: int) -> bool:
        """Whether the noun phrase is said not to be there (no man, without a man)."""
        self.attach(place)
        return place in self._negated

    def attach(self, place: int) -> None:
        """Find what the noun phrase hangs on: its `parent` and `link`."""
        if place in self._attached or not 0 <= place <= self.now:
            return
        self._attached.add(place)
        kind, left = self.kind, place - 1
        if kind[left] == "x":
            self._negated.add(place)
            left -= self.name[left] != "nor"
        before = kind[left]
        if before in "pot":
            self.parent[place] = self.noun_before(left)
            filled = kind[left - 1] in "em" and self.name[left] == "with"
            self.link[place] = "of" if filled else self.name[left]
        elif before in VERBS and self.compound(left):
            self._like(place, left - 1)
            self._partner[place] = self._partner[left - 1]
        elif before in VERBS:
            self.parent[place] = next(reversed(self.subjects(left)), -1)
            if self.kind[left - 1] in "po":
                # tired of riding his bike
                self.parent[place] = self.noun_before(left)
            self.link[place] = self.name[left]
            if kind[left - 1] == "x" and self.name[left] in _HAVE:
                self._negated.add(place)
        elif before == "N" and self.marks[place].islower() and self.name[left] != "quality":
            # a boy outside the house
            self.parent[place] = left
        elif before == "b" or self.name[left] == "whose":
            self._described(place, left)
        elif before == "c" or self.name[left] in (",", "nor") or self._but_not(place, left):
            self._join(place, left)
        if not self.positive and self._without(place):
            self._negated.add(place)

    def none(self, place: int) -> bool:
        """Whether the noun phrase itself says that there is none: nobody, no man."""
        return self.marks[place] in "Zz" or self.name[place] in grammar.NOBODY

    def affirm(self, place: int) -> None:
        """Take the noun phrase as there, whatever stands before it."""
        self._attached.add(place)

    def _without(self, place: int) -> bool:
        return self.none(place) or self.link[place] in grammar.WITHOUT

    def _but_not(self, place: int, left: int) -> bool:
        """`with a bag but no umbrella`, `but not an umbrella`."""
        return self.name[left] == "but" and (self._without(place) or place in self._negated)

    def _described(self, place: int, left: int) -> None:
        """`a boy whose hat | is red`: what is said of somebody hangs on him, what he has too."""
        whose = left - 1 if self.kind[left] == "b" else left
        if self.kind[whose] == "w":
            self.parent[place] = self.noun_before(whose)
        elif self.kind[whose] == "N" and self.name[whose - 1] == "whose":
            self.parent[place] = whose

    def compound(self, verb: int) -> bool:
        """`snow covered mountains`: a participle between two nouns without determiner."""
        around = self.kind[verb - 1], self.kind[verb], self.kind[verb + 1]
        return around == ("N", "e", "N") and self.bare(verb + 1) and self.name[verb] not in lexicon.NAMING

    def noun_before(self, place: int) -> int:
        """The nearest noun phrase left of `place`, or the subject of a verb that stands between; -1 if none."""
        for left in range(place - 1, -1, -1):
            if self.kinds[left] == "N":
                return left
            if self.is_verb(left):
                return next(reversed(self.subjects(left)), -1)
            if self.kinds[left] == ".":
                return -1
        return -1

    def chain(self, place: int) -> list[int]:
        """The phrase, what it hangs on, and so on up; in `a cup of (filled with) water` the cup comes first.

        Not in `a portrait of a woman`.
        """
        found: list[int] = []
        while place >= 0:
            self.attach(place)
            parent = self.parent[place]
            if self.link[place] == "of" and parent >= 0:
                self.attach(parent)
                whole = self.living(place) and not self.living(parent)
                found += [place, parent] if whole else [parent, place]
                place = self.parent[parent]
            else:
                found.append(place)
                place = parent
        return found

    def group(self, place: int) -> list[int]:
        """The phrase and those it is coordinated with, in their order."""
        found: list[int] = []
        while place >= 0:
            found.append(place)
            self.attach(place)
            place = self._partner[place]
        return found[::-1]

    def choose(self, nouns: Sequence[int], wanted: str, others: bool = False) -> list[int]:
        """Of the first noun phrase that may be the subject of a verb that wants it so, the group, each of whom may be.

        Where none may: [] for what only the living do; else, or with `others`, the first of all.
        """
        if wanted == "rather living":
            wanted = "living" if any(map(self.living, nouns)) else "body"
        if wanted == "rather vehicle":
            wanted = "vehicle" if any(self.name[noun] == "vehicle" for noun in nouns) else "thing"
        nouns = [
            noun for noun in nouns if self.name[noun] != "view" and self.link[noun] not in lexicon.NAMING
        ]
        for noun in nouns:
            if self._fits(noun, wanted):
                return self.fitting(self.group(noun), wanted)
        # a dog and a lamp | watching
        for noun in nouns:
            if able := [one for one in self.group(noun) if self._fits(one, wanted)]:
                return able
        if wanted == "moving":
            vehicle = next((noun for noun in nouns if self.name[noun] == "vehicle"), -1)
            if vehicle >= 0:
                return self.fitting(self.group(vehicle), wanted)
        others = others or wanted not in ("living", "moving")
        return self.group(nouns[0]) if others and nouns else []

    def fitting(self, group: list[int], wanted: str) -> list[int]:
        """Those of a group, the nearest last, who may be subjects: beside somebody who sits, only who lives."""
        best = group[-1]
        if len(group) == 1:
            return group
        if wanted in ("body", "rather living"):
            wanted = "living" if self.living(best) else "body"
        if wanted == "rather vehicle":
            wanted = "thing"
        return [noun for noun in group if noun == best or self._fits(noun, wanted)]

    def _fits(self, noun: int, wanted: str) -> bool:
        if wanted in ("living", "moving"):
            return self.living(self.named(noun) if self.name[noun] in _IT else noun)
        if wanted == "vehicle":
            return self.name[noun] == "vehicle"
        if wanted == "body":
            # the leg of a bench
            part = self.kind[noun + 1] == "o" and not self.living(noun + 2)
            return (part or not self.worn(noun)) and (self.living(noun) or not self._held(noun))
        return wanted != "thing" or self.name[noun] not in _PERSON

    def _held(self, noun: int) -> bool:
        """A thing that somebody holds or is in, or on it: `a man holding a board sitting on` is about the man."""
        self.attach(noun)
        parent = self.parent[noun]
        if parent < 0 or self.link[noun] not in lexicon.HOLDING:
            return False
        return self.living(parent) or (self.link[noun] != "with" and self._held(parent))

    def led(self, noun: int) -> bool:
        """An animal that somebody is with, on or leads: `a girl with a dog`, `a man riding a horse`."""
        self.attach(noun)
        parent, link = self.parent[noun], self.link[noun]
        return (
            self.name[noun] == "animal" and parent >= 0 and self.name[parent] in _PERSON and link in _LEADING
        )

    def meant_by(self, place: int, doers: list[int]) -> int:
        """What `it` or `them` stands for: the last thing that others hang on, or any named before; -1 if none.

        Of `him` the last one that lives, but none of the doers.
        """
        if self.name[place] == "him":
            living = (noun for noun in self._nouns_before(place) if self.living(noun) and noun not in doers)
            return next(living, -1)
        chain = [noun for noun in self.chain(self.noun_before(place)) if self._may_be_it(noun, doers)]
        if chain:
            return chain[-1]
        people = self.name[place] == "them"
        # a coat stand and a hat | hanging from it
        meant = (noun for noun in self._nouns_before(place) if self._may_be_it(noun, doers[-1:], people))
        nearest = next(meant, -1)
        # a bench in a park, | a man sits on it
        whole = self.chain(nearest)[-1] if nearest >= 0 else -1
        told = self.kind[whole - 1] in ".,b" and (people or self.sort(whole) == "thing")
        return whole if told and self._may_be_it(whole, doers[-1:], people) else nearest

    def _nouns_before(self, place: int) -> Iterator[int]:
        """The noun phrases left of `place`, the nearest first."""
        return (noun for noun in range(place - 1, -1, -1) if self.kinds[noun] == "N")

    def _may_be_it(self, noun: int, doers: list[int], people: bool = False) -> bool:
        others = _IT | {"there"} if people else _PERSON | _IT | {"there"}
        return noun not in doers and self.name[noun] not in others

    def owner(self, place: int) -> list[int]:
        """Whose it is, of `a bird with food in its mouth`: the nearest person or animal it hangs on, or named before.

        [] where something else is said of the two: a man scratches his leg.
        """
        nouns = [*self.chain(place)[1:], *self._nouns_before(place)]
        owner = next((noun for noun in nouns if self.living(noun) and not self.negated(noun)), -1)
        told = self.parent[place] == owner and not (
            self.link[place] == "with" and self.kind[place - 2] == "N"
        )
        return [] if owner < 0 or told else [owner]

    def named(self, place: int) -> int:
        """Of `he`, `she`, `they` the person, of `it`, `them` the thing named before, else the phrase itself."""
        if self.name[place] in _IT and self.kind[place - 1] != "o":
            meant = self.meant_by(place, [])
            return place if meant < 0 else meant
        if self.name[place] in lexicon.PEOPLE:
            sorts = product(("person", "animal"), self._nouns_before(place))
            return next((noun for sort, noun in sorts if self.name[noun] == sort), place)
        return place

    def _opened(self, first: int, place: int) -> bool:
        """`with snow on its roof, | the house stands`, `parked on a hill, | a bus is red`: that is no list."""
        participle = self.kind[first - 2] in "ge" and not self.subjects(first - 2)
        return (self.fronted(first) or participle) and self.kind[place + 1] in _STARTS_CLAUSE

    def fronted(self, noun: int) -> bool:
        """`(there) on the bed | lies`: the clause begins with a preposition, so its phrase is no subject."""
        top = min(self.chain(noun))
        if self.name[top] == "there" and top < noun:
            return top == 0
        return top >= 1 and self.kind[top - 1] == "p" and self.kind[top - 2] in ".,"

    def _own_clause(self, place: int, partner: int) -> bool:
        """`a cup stands on a table and | a bag hangs from a pole`; not what is held: `has a bag and a hat`."""
        after, somebody = self.kind[place + 1], self.living(place) and self.sort(partner) == "thing"
        if after not in _STARTS_CLAUSE or (self.bare(place) and not somebody):
            return False
        absent = self._without(partner)
        there = absent and self.name[place - 1] == "and" and not self.none(place)
        if there or self.name[place - 2] in _IT:
            # without a pillow and | a dog lies; a table with food on it and | two bowls standing
            return True
        across = self.kind[partner - 1] in "po"
        before = self.kind[partner - 1 - across]
        if somebody and before == "N" and not absent and self.link[partner] != "of":
            # cows on a hill and | a man is
            return after not in "ge"
        if before not in VERBS and not (across and before == "b"):
            return False
        if self.living(place) or self.sort(partner) != self.sort(place) or self.name[place + 1] == "being":
            return True
        owner, link = self.parent[partner], self.link[partner]
        held = link == "with" if across else link in lexicon.HOLDING or self.living(owner)
        return owner >= 0 and not held and self.sort(place) == "thing" and self.name[place] not in _IT

    def _like(self, place: int, other: int) -> None:
        self.attach(other)
        self.parent[place], self.link[place] = self.parent[other], self.link[other]

    def _join(self, place: int, left: int) -> None:
        """Pair `cat and dog`: the nearest earlier phrase of the same sort on the same chain, else the nearest."""
        chain = self.chain(self.noun_before(left))
        if not chain:
            return
        partner = next((other for other in chain if self.sort(other) == self.sort(place)), chain[0])
        if self._begins_anew(place, left, partner, chain[-1]):
            return
        self._like(place, partner)
        if self.negated(partner) and (self.bare(place) or self.name[left] == "nor"):
            self._negated.add(place)
        if self._does_the_same(place, left, partner):
            self._partner[place] = partner

    def _begins_anew(self, place: int, left: int, partner: int, first: int) -> bool:
        """Whether a phrase behind a comma or `and` is no other item of a list: of another sort, a clause of its own."""
        if self.kind[left] == ",":
            if self.sort(partner) != self.sort(place) or self._opened(first, place):
                return True
            if partner < left - 1 and self.kind[place + 1] in "ge":
                # man on a horse, woman | riding a bike
                return True
        return self._own_clause(place, partner)

    def _does_the_same(self, place: int, left: int, partner: int) -> bool:
        """`a cat and | a dog lie`: not where only one `is`, nor where the partner has done something by then."""
        relative = "w" in self.kind[place + 1 : place + 3]
        verb = self.kind.index("w", place) + 1 if relative else place + 1
        if self.kind[left] == "c" and self.name[verb] in grammar.ONE_IS and not self.negated(place):
            return False
        described = self.kind[partner + 1] == "w"
        return described or not any(map(self.is_verb, range(partner + 1, place)))
