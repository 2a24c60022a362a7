"""Chunks -> who does what to whom: one scan from left to right, each verb looks for its subjects and its objects."""

import re
from collections.abc import Iterable

from relclip.kb import agents, complements, grammar, lexicon, verbs
from relclip.kb.predicates import Act, Grammar
from relclip.kb.sentence import RUN_TOGETHER, VERBS, Sentence, Stated

#: In longer sentences, in chunks, everything is read from the left.
DEEP = 40
#: Before a participle that begins a sentence: having eaten, seen eating.
_LED_BY = lexicon.PLACED | {"having"}
#: An object may stand before its verb: `a bench a man sits on`, `on the bed, a cat lies`.
_TURNED = re.compile("w|NN|(?:^|[.,])p")
_LISTED = frozenset({",", "and", "or", "while", "but"})


class Parser:
    """Reads what a sentence of chunks states in the predicates of a grammar."""

    def __init__(self, words: Grammar) -> None:
        self._acts, self._links = words.acts, words.links
        self._has, self._wears = words.has, words.wears

    def facts(
        self, kinds: str, marks: str, names: tuple[str, ...], places: Iterable[int]
    ) -> tuple[Stated, ...]:
        """What the words at some places, in their order, state: verbs, prepositions and, of H nouns, `his`."""
        sentence = Sentence(kinds, marks, names, self)
        if len(kinds) > DEEP:
            self._from_the_left(sentence)
        for place in places:
            sentence.now, kind = place, kinds[place]
            if kind == "N":
                sentence.state(sentence.owner(place), self._has, [place])
            elif kind in "pot":
                self._linked(sentence, place)
            elif sentence.is_verb(place):
                self._said(sentence, place)
        return tuple(dict.fromkeys(sentence.facts()))

    def _from_the_left(self, sentence: Sentence) -> None:
        """Find all that can be asked for, so that no question leads to a long row of others."""
        for place, kind in enumerate(sentence.kinds):
            sentence.now = place
            if kind == "N":
                sentence.attach(place)
            elif kind in VERBS:
                sentence.subjects(place)

    def is_verb(self, sentence: Sentence, place: int) -> bool:
        """Not after a preposition that has no noun, nor `train rides`."""
        if sentence.kind[place - 1] in "po" and not verbs.complete(sentence, place - 1):
            return False
        act = self._acts.get(sentence.name[place]) if sentence.kinds[place] == "S" else None
        return act is None or not verbs.noun(sentence, place, act)

    def subjects(self, sentence: Sentence, place: int) -> list[int]:
        """Who does it."""
        if verbs.adjective(sentence, place):
            return sentence.subjects(place - 1)
        act = self._acts.get(sentence.name[place])
        return self._subjects(
            sentence, place, act, passive=act is not None and agents.agent(sentence, place, act) > 0
        )

    def _said(self, sentence: Sentence, place: int) -> None:
        """What a verb of the grammar states."""
        act = self._acts[sentence.name[place]]
        if not _may_state(sentence, place, act) or verbs.adjective(sentence, place):
            return
        subjects = sentence.subjects(place)
        if verbs.negated(sentence, place):
            place = verbs.rather(sentence, place)
            if place >= 0 and subjects:
                _relations(sentence, place, act, subjects)
        elif subjects:
            _relations(sentence, place, act, subjects)
            if not sentence.positive and all(map(sentence.none, subjects)):
                _relations(sentence, place, act, complements.excepted(sentence, place))
        else:
            self._inverted(sentence, place, act)

    def _subjects(self, sentence: Sentence, verb: int, act: Act | None, *, passive: bool) -> list[int]:
        """Who does it. Finite verb: the head of the clause; bare participle: the nearest phrase that can do it."""
        kind = sentence.kind
        finite, left = kind[verb] in "fBSv", verb - 1
        while kind[left] in "btx":
            finite = finite or (kind[left] == "b" and sentence.name[left] != "being")
            left -= 1
        wanted, others = (act.known.subject, False) if act else ("living", True)
        if passive:
            wanted = "any"
        own = kind[left - 1] in "Nw" and sentence.marks[left].isupper() and sentence.name[left] != "there"
        if kind[left] == "N" and (own or verbs.made_to(sentence, left, verb)):
            # a bike that someone | parked on
            somebody = left == verb - 1 and (sentence.living(left) or sentence.marks[left] == "Q")
            parks = somebody and wanted in ("thing", "rather vehicle") and sentence.kind[left - 1] == "w"
            return [] if parks else sentence.fitting(sentence.group(left), wanted)
        candidates = agents.candidates(sentence, left, finite=finite)
        if act and act.known.person:
            candidates = [noun for noun in candidates if not sentence.led(noun)]
        return sentence.choose(candidates, wanted, others)

    def _inverted(self, sentence: Sentence, place: int, act: Act) -> None:
        """`on the bed lies a cat`, `there sits a cat on the bed`, `riding a horse, a man smiles`."""
        kind, left = sentence.kind, place - 1
        while (
            kind[left] in "btx"
            or sentence.name[left] in _LED_BY
            or (sentence.name[left] == "," and kind[place] not in "ge")
        ):
            left -= 1
        if kind[left] == "N" and kind[place + 1] == "N":
            doers = agents.group_from(sentence, place + 1)
            if sentence.name[left] == "there":
                end = doers[-1] + 1
                predicate = act.prepositions.get(sentence.name[end], "") if kind[end] == "p" else ""
                sentence.state(
                    agents.able(sentence, doers, act),
                    predicate,
                    complements.objects(sentence, end + 1, doers),
                )
            else:
                sentence.attach(left)
                while kind[left - 2] == "N" and sentence.link[left] not in act.prepositions:
                    # on a bench in the park | sits
                    left = sentence.parent[left]
                    sentence.attach(left)
                predicate = act.prepositions.get(sentence.link[left], "")
                things = complements.objects(sentence, left, doers)
                sentence.state(agents.able(sentence, doers, act), predicate, things)
        elif kind[place] in "ge" and (kind[left] in ".," or verbs.goes_on(sentence, place)):
            doer = agents.main_subject(sentence, place)
            if doer >= 0:
                able = agents.agent(sentence, place, act) or agents.able(sentence, [doer], act)
                _relations(sentence, place, act, [doer] if able else [])

    def _linked(self, sentence: Sentence, place: int) -> None:
        """What a preposition states of the noun phrases around it: `a man on a horse`, `the cat is in the sink`."""
        name, kind = sentence.name[place], sentence.kind
        if kind[place + 1] != "N":
            if name in self._links and kind[place - 1] == "b" and kind[place - 2] == "N":
                doers = sentence.group(place - 2)
                sentence.state(doers, self._links[name], verbs.gap(sentence, doers, place + 1))
            return
        if kind[place] == "o" and self._has:
            if kind[place - 1] == "N" and sentence.name[place - 1] != "container":
                sentence.state(complements.objects(sentence, place + 1, []), self._has, [place - 1])
            return
        predicate = self._links.get(name, "")
        clothed = self._wears and name in ("in", "with") and sentence.name[place + 1] == "clothes"
        if not (predicate or clothed):
            return
        if name == "with" and complements.on_it(sentence, place + 1):
            return
        if (
            kind[place - 1] in ".,"
            and kind[place + 1 : place + 4] == "NbN"
            and complements.ends(sentence, place + 3)
        ):
            # in front of the house are | two trees
            sentence.state(agents.group_from(sentence, place + 3), predicate, [place + 1])
            return
        subjects = self._linked_subjects(sentence, place, clothed=bool(clothed))
        if not subjects:
            return
        things = complements.objects(sentence, place + 1, subjects)
        if clothed and all(map(sentence.living, subjects)):
            sentence.state(subjects, self._wears, [thing for thing in things if sentence.worn(thing)])
        elif predicate and not (name == "with" and self._has and sentence.marks[place + 1] in "Hh"):
            sentence.state(subjects, predicate, things)

    def _linked_subjects(self, sentence: Sentence, place: int, *, clothed: bool) -> list[int]:
        """The noun phrase right before the preposition; before `is`, the head of the clause."""
        kind, left, name = sentence.kind, place - 1, sentence.name[place]
        if kind[left] == "e" and sentence.name[left] in lexicon.PLACED and kind[left - 1] in "Nb":
            left -= 1
        if kind[left] == "N" and kind[left - 1] == "b" and sentence.name[left] in ("quality", "colour"):
            left -= 1
        if kind[left - 2 : left] == "pN" and (kind[left] == "c" or kind[left - 3 : left - 1] == "xp"):
            # the cup is on a table and | near a plate; is not on a table but | near it
            return self._linked_subjects(sentence, left - 2 - (kind[left] != "c"), clothed=clothed)
        if name == "at" and kind[left] == "N" and kind[left - 1] in VERBS and sentence.subjects(left - 1):
            return sentence.subjects(left - 1)
        if kind[left] == "N":
            sentence.attach(left)
            if sentence.link[left] == "of" and sentence.parent[left] >= 0:
                left = sentence.parent[left]
            absent = sentence.name[left] == "there" or (
                kind[left - 1] in VERBS and verbs.negated(sentence, left - 1)
            )
            return [] if absent else sentence.group(left)
        if kind[left] == "b":
            return agents.before_is(sentence, left - 1)
        if clothed and kind[left] in VERBS:
            return [noun for noun in sentence.subjects(left) if sentence.living(noun)]
        return []


def _may_state(sentence: Sentence, place: int, act: Act) -> bool:
    """Whether anything stands where an object may: after the verb, or before it in a clause that is turned round."""
    after, following = sentence.kind[place + 1], sentence.name[place + 1]
    if after in "Ncgx" or following in act.prepositions or not sentence.positive:
        return True
    if _TURNED.search(sentence.kinds):
        return True
    return act.participle and (len(act.known.agents) > 1 or agents.agent(sentence, place, act) > 0)


def _relations(sentence: Sentence, place: int, act: Act, subjects: list[int]) -> None:
    """What one predicate verb states, given its subjects: in the first of these ways that it is said in."""
    kind = sentence.kind
    shared = kind[place + 1] == "c" and kind[place + 2] in VERBS and kind[place + 3] == "p"
    if shared:
        # walks and talks on her phone
        place += 2
    after, following = kind[place + 1], sentence.name[place + 1]
    if act.participle and (agent := agents.agent(sentence, place, act)):
        _done_by(sentence, agent, act, subjects)
    elif act.participle and complements.compound(sentence, place, act):
        complements.compounds(sentence, place, act)
    elif following in act.prepositions and after in "pot":
        _done_at(sentence, place, act, subjects, shared=shared)
    elif after != "N" and (fronted := complements.before(sentence, place, subjects))[0] in act.prepositions:
        sentence.state(subjects, act.prepositions[fronted[0]], fronted[1])
    elif act.lemma == "have" and complements.on_it(sentence, place + 1):
        return
    elif act.direct and not (act.participle and kind[place - 1] == "b"):
        things = complements.meant(sentence, act, complements.direct(sentence, place, subjects))
        if following in complements.IT:
            things = [thing for thing in things if complements.may_be(sentence, act, thing)]
        _state(sentence, place, act, (subjects, act.direct, things))


def _done_by(sentence: Sentence, agent: int, act: Act, subjects: list[int]) -> None:
    """`carried by | a man`, `covered with | snow`; `agent`: the preposition."""
    doers = complements.objects(sentence, agent + 1, subjects) or verbs.gap(sentence, subjects, agent + 1)
    if act.known.subject == "living":
        doers = [doer for doer in doers if sentence.living(doer)]
    complements.turned(sentence, act.passive, complements.meant(sentence, act, subjects), doers)


def _done_at(sentence: Sentence, place: int, act: Act, subjects: list[int], *, shared: bool) -> None:
    """`lies on | a bed`; `shared`: two verbs have the preposition."""
    predicate = act.prepositions[sentence.name[place + 1]]
    beyond = complements.beyond_self(sentence, place + 2)
    things = complements.objects(sentence, beyond, subjects) or verbs.gap(sentence, subjects, place + 2)
    things = [thing for thing in things if complements.may_be(sentence, act, thing)]
    if shared:
        things = [thing for thing in things if sentence.name[thing] != "device"]
    _state(sentence, place, act, (subjects, predicate, things))
    if not things:
        # a bike that a man is riding | on a sunny day
        sentence.state(subjects, act.direct, verbs.gap(sentence, subjects, place + 1))
        if len(subjects) == 1 and sentence.kind[place + 2] in ".,":
            sentence.state(subjects, predicate, [RUN_TOGETHER])


def _state(sentence: Sentence, verb: int, act: Act, stated: tuple[list[int], str, list[int]]) -> None:
    """State (subjects, predicate, things) of a verb, and what follows without it.

    `rides a horse and a woman | a bike`, `lies on a bed and | on a rug`, `sits on a bench and so does | a dog`.
    """
    subjects, predicate, things = stated
    sentence.state(subjects, predicate, things)
    kind, name = sentence.kind, sentence.name
    finite = kind[verb] in "fBSv" or kind[verb - 1] in "bx"
    last = verb
    while subjects and things and things[-1] > last:
        last = things[-1]
        other = last + 2
        if name[other - 1] == "," and kind[other] == "c":
            other += 1
        if name[other - 1] in grammar.DITTO:
            sentence.state(agents.able(sentence, agents.group_from(sentence, other), act), predicate, things)
            return
        if kind[other - 1] == "c" and kind[other] == "p":
            predicate, object_at = act.prepositions.get(name[other], ""), other + 1
        elif name[other - 1] not in _LISTED or not sentence.alike(other, subjects[-1]):
            return
        elif kind[other + 1] == "p" and finite and act.prepositions.get(name[other + 1]) == predicate:
            subjects, object_at = [other], other + 2
        elif kind[other + 1] == "N" and predicate == act.direct and sentence.marks[other + 1].isupper():
            subjects, object_at = [other], other + 1
        else:
            return
        things = (
            complements.objects(sentence, object_at, subjects)
            if complements.ends(sentence, object_at)
            else []
        )
        sentence.state(agents.able(sentence, subjects, act), predicate, things)
