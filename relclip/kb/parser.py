"""Chunks -> who does what to whom: one scan from left to right, each verb looks for its subjects and its objects."""

from collections.abc import Iterable

from relclip.kb import grammar, lexicon
from relclip.kb.predicates import Act, Grammar
from relclip.kb.sentence import RUN_TOGETHER, VERBS, Sentence, Stated

_IT = frozenset({"it", "them", "him"})
#: In longer sentences, in chunks, everything is read from the left.
DEEP = 40
_SELF = frozenset({"self", "limb"})
_AGAIN = frozenset({"or", "nor"})
#: Before a participle that begins a sentence: having eaten, seen eating.
_LED_BY = lexicon.PLACED | {"having"}
_LISTED = frozenset({",", "and", "or", "while", "but"})
_EXCEPT = frozenset({"but", "except"})
#: Before `to` and a verb: nobody does it, or not any more.
_TO_DO = frozenset({"wished", "used"})
_UNDONE = frozenset({*grammar.IF, "ceased"})
_TAKES_A_THING = frozenset(
    [
        "wear",
        "wears",
        "wearing",
        "hold",
        "holds",
        "holding",
        "carry",
        "carries",
        "carrying",
        "has",
        "have",
        "having",
        "uses",
        "using",
    ]
)


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
            elif kind in "po":
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
        if sentence.kind[place - 1] in "po" and not _complete(sentence, place - 1):
            return False
        act = self._acts.get(sentence.name[place]) if sentence.kinds[place] == "S" else None
        return act is None or not _noun(sentence, place, act)

    def subjects(self, sentence: Sentence, place: int) -> list[int]:
        """Who does it."""
        if _adjective(sentence, place):
            return sentence.subjects(place - 1)
        act = self._acts.get(sentence.name[place])
        return self._subjects(
            sentence, place, act, passive=act is not None and _agent(sentence, place, act) > 0
        )

    def _said(self, sentence: Sentence, place: int) -> None:
        """What a verb of the grammar states."""
        act, after = self._acts[sentence.name[place]], sentence.kind[place + 1]
        states = act.direct or act.participle or after in "Nc" or "w" in sentence.kinds
        if not (states or sentence.name[place + 1] in act.prepositions):
            return
        if _adjective(sentence, place):
            return
        subjects = sentence.subjects(place)
        if _negated(sentence, place):
            place = _rather(sentence, place)
            if place >= 0 and subjects:
                self._relations(sentence, place, act, subjects)
        elif subjects:
            self._relations(sentence, place, act, subjects)
            if not sentence.positive and all(map(sentence.none, subjects)):
                self._relations(sentence, place, act, _except(sentence, place))
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
        if kind[left] == "N" and (own or _made_to(sentence, left, verb)):
            # a bike that someone | parked on
            somebody = left == verb - 1 and (sentence.living(left) or sentence.marks[left] == "Q")
            parks = somebody and wanted in ("thing", "rather vehicle") and sentence.kind[left - 1] == "w"
            return [] if parks else sentence.fitting(sentence.group(left), wanted)
        candidates = _candidates(sentence, left, finite=finite)
        if act and act.known.person:
            candidates = [noun for noun in candidates if not sentence.led(noun)]
        return sentence.choose(candidates, wanted, others)

    def _relations(self, sentence: Sentence, place: int, act: Act, subjects: list[int]) -> None:
        """What one predicate verb states, given its subjects."""
        after, following = sentence.kind[place + 1], sentence.name[place + 1]
        shared = after == "c" and sentence.kind[place + 2] in VERBS and sentence.kind[place + 3] == "p"
        if shared:
            following, place, after = sentence.name[place + 3], place + 2, "p"
        if act.participle and (agent := _agent(sentence, place, act)):
            things = _objects(sentence, agent + 1, subjects) or _gap(sentence, subjects, agent + 1)
            if act.known.subject == "living":
                things = [thing for thing in things if sentence.living(thing)]
            _turned(sentence, act.passive, _meant(sentence, act, subjects), things)
        elif act.participle and _compound(sentence, place, act):
            _compounds(sentence, place, act)
        elif following in act.prepositions and after in "pot":
            predicate = act.prepositions[following]
            beyond = _beyond_self(sentence, place + 2)
            things = _objects(sentence, beyond, subjects) or _gap(sentence, subjects, place + 2)
            things = [thing for thing in things if _may_be(sentence, act, thing)]
            if shared:
                # walks and talks on her phone
                things = [thing for thing in things if sentence.name[thing] != "device"]
            _state(sentence, place, act, (subjects, predicate, things))
            if not things and len(subjects) == 1 and sentence.kind[place + 2] in ".,":
                sentence.state(subjects, predicate, [RUN_TOGETHER])
        elif fronted := act.prepositions.get(_before_which(sentence, subjects)):
            sentence.state(subjects, fronted, _gap(sentence, subjects, place + 1))
        elif act.lemma == "have" and _on_it(sentence, place + 1):
            return
        elif act.direct and not (act.participle and sentence.kind[place - 1] == "b"):
            things = _meant(sentence, act, _direct(sentence, place, subjects))
            if following in _IT:
                things = [thing for thing in things if _may_be(sentence, act, thing)]
            _state(sentence, place, act, (subjects, act.direct, things))

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
            doers = _group_from(sentence, place + 1)
            if sentence.name[left] == "there":
                end = doers[-1] + 1
                predicate = act.prepositions.get(sentence.name[end], "") if kind[end] == "p" else ""
                sentence.state(_able(sentence, doers, act), predicate, _objects(sentence, end + 1, doers))
            else:
                sentence.attach(left)
                if sentence.link[left] == "of":
                    left = sentence.parent[left]
                    sentence.attach(left)
                predicate = act.prepositions.get(sentence.link[left], "")
                sentence.state(_able(sentence, doers, act), predicate, [left])
        elif kind[place] in "ge" and (kind[left] in ".," or _goes_on(sentence, place)):
            doer = _main_subject(sentence, place)
            if doer >= 0:
                self._relations(sentence, place, act, _able(sentence, [doer], act))

    def _linked(self, sentence: Sentence, place: int) -> None:
        """What a preposition states of the noun phrases around it: `a man on a horse`, `the cat is in the sink`."""
        name, kind = sentence.name[place], sentence.kind
        if kind[place + 1] != "N":
            if name in self._links and kind[place - 1] == "b" and kind[place - 2] == "N":
                doers = sentence.group(place - 2)
                sentence.state(doers, self._links[name], _gap(sentence, doers, place + 1))
            return
        if kind[place] == "o" and self._has:
            if kind[place - 1] == "N" and sentence.name[place - 1] != "container":
                sentence.state(_objects(sentence, place + 1, []), self._has, [place - 1])
            return
        predicate = self._links.get(name, "")
        clothed = self._wears and name in ("in", "with") and sentence.name[place + 1] == "clothes"
        if not (predicate or clothed):
            return
        if name == "with" and _on_it(sentence, place + 1):
            return
        if kind[place - 1] in ".," and kind[place + 1 : place + 4] == "NbN" and _ends(sentence, place + 3):
            # in front of the house are | two trees
            sentence.state(_group_from(sentence, place + 3), predicate, [place + 1])
            return
        subjects = self._linked_subjects(sentence, place, clothed=bool(clothed))
        if not subjects:
            return
        things = _objects(sentence, place + 1, subjects)
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
                kind[left - 1] in VERBS and _negated(sentence, left - 1)
            )
            return [] if absent else sentence.group(left)
        if kind[left] == "b":
            return _before_is(sentence, left - 1)
        if clothed and kind[left] in VERBS:
            return [noun for noun in sentence.subjects(left) if sentence.living(noun)]
        return []


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
            sentence.state(_able(sentence, _group_from(sentence, other), act), predicate, things)
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
        things = _objects(sentence, object_at, subjects) if _ends(sentence, object_at) else []
        sentence.state(_able(sentence, subjects, act), predicate, things)


def _before_is(sentence: Sentence, place: int) -> list[int]:
    """Who is somewhere: the head of the clause, `a boy whose hat | is on a chair`."""
    if sentence.kind[place] == "w":
        return sentence.group(sentence.noun_before(place))
    if sentence.kind[place] != "N":
        return []
    return sentence.group(place if sentence.name[place - 1] == "whose" else sentence.chain(place)[-1])


def _on_it(sentence: Sentence, place: int) -> bool:
    """`a glass with beer in it`: what is said of the beer is all that is said."""
    return sentence.kind[place + 1] == "p" and sentence.name[place + 2] in _IT


def _candidates(sentence: Sentence, left: int, *, finite: bool) -> list[int]:
    """Who may do what a verb says, the likeliest first; `left`: the chunk before the verb and its auxiliaries."""
    if sentence.name[left] == ")" and "(" in sentence.name[:left]:
        left -= sentence.name[left::-1].index("(") + 1
    kind = sentence.kind[left]
    noun = left - 1 if sentence.name[left] == "," else left
    if (
        kind == "."
        or sentence.name[left] == "there"
        or (sentence.kind[noun] == "N" and sentence.fronted(noun))
    ):
        return []
    if kind not in "Nw" and (doers := sentence.subjects(_verb_before(sentence, left + 1))):
        # the bike that the kid rides | lies
        relative = kind in VERBS | {"p"} or (kind == "," and sentence.kind[doers[0] - 1] == "w")
        head = _gap(sentence, doers, left + 1) if finite and relative else []
        if finite and sentence.name[left] == "," and sentence.name[doers[0] - 1] == ",":
            # two dogs, one of them lying down, | watch a cat
            head = sentence.group(sentence.noun_before(doers[0] - 1))
        return head or doers[-1:]
    chain = sentence.chain(left if kind == "N" else sentence.noun_before(left))
    if kind == "w":
        # a bench near a woman who is sitting
        return sorted(chain, key=lambda noun: sentence.name[left] == "who" and not sentence.living(noun))
    if kind == "N" and not finite:
        return chain
    heads: list[int] = []
    for noun in chain:
        # a bowl of fruit | stands
        whole = sentence.parent[noun] if sentence.link[noun] == "of" else -1
        heads.insert(whole in heads, noun)
    return _with_apposed(sentence, left, heads)


def _with_apposed(sentence: Sentence, left: int, chain: list[int]) -> list[int]:
    """`a man, his hat in his hand, | is sitting`: before a comma what it closes, and whom that is said of."""
    first = min(chain, default=0)
    if sentence.name[left] != "," or sentence.name[first - 1] != ",":
        return chain
    before = sentence.chain(sentence.noun_before(first - 1))[::-1]
    return before + chain if sentence.marks[first] in "Hh" else chain + before


def _complete(sentence: Sentence, place: int) -> bool:
    """`with his hat on | sitting`, `the bench he sits on | stands`: a preposition that needs no noun."""
    kind, before = sentence.kind, place - 1
    if kind[before] != "N":
        stranded = kind[before] in VERBS and kind[place + 1] in "fS"
        return stranded and bool(_gap(sentence, sentence.subjects(before), place + 1))
    sentence.attach(before)
    return sentence.link[before] == "with" and sentence.name[place] in ("on", "off")


def _made_to(sentence: Sentence, noun: int, verb: int) -> bool:
    """`helps a boy | ride a bike`, `lets her dog lie`: a base form after the object of a finite verb."""
    kind, first = sentence.kind, noun - 1
    if kind[first] not in "fBSvg" or kind[verb] not in "fBv" or kind[first - 1] == "w":
        return False
    return sentence.living(noun) and bool(sentence.subjects(first))


def _negated(sentence: Sentence, place: int) -> bool:
    """`is not riding`, `is never seen riding`, `does not ride or carry`, `wants (him) to ride`, `stopped riding`."""
    if not ("x" in sentence.kinds or "t" in sentence.kinds or not _UNDONE.isdisjoint(sentence.name)):
        return False
    kind, left = sentence.kind, place - 1
    while kind[left] in "bt":
        left -= 1
    if kind[left] == "x" or _unreal(sentence, place) or _ceased(sentence, place):
        return True
    if kind[left + 1] == "t":
        verb = left - 1 if kind[left] == "N" and kind[left - 1] in VERBS else left
        if sentence.name[verb] in _TO_DO and (kind[verb] in VERBS or sentence.bare(verb)):
            return True
    if kind[left] == "c" and sentence.name[left] in _AGAIN:
        left = _verb_before(sentence, place)
    return sentence.is_verb(left) and not _adjective(sentence, left) and _negated(sentence, left)


def _ceased(sentence: Sentence, place: int) -> bool:
    """`stopped eating`, `keeps the dog from lying`: what follows in -ing is not done, or not any more."""
    left = place - 1
    if sentence.name[left] == "from":
        left -= 1
        left -= sentence.kind[left] == "N"
    done = sentence.kind[place] == "g" and sentence.name[left] == "ceased"
    return done and sentence.kind[left] in VERBS


def _unreal(sentence: Sentence, place: int) -> bool:
    """`if a dog lies`, `never is a dog lying`: a clause that begins so."""
    begin = place
    while sentence.kind[begin - 1] not in ".,":
        begin -= 1
    if sentence.name[begin - 1] in grammar.IF:
        return True
    return (
        sentence.kind[begin] == "x" and sentence.kind[begin + 1] in "bfSv" and sentence.kind[begin + 2] == "N"
    )


def _rather(sentence: Sentence, verb: int) -> int:
    """`not lying on the bed | but on the rug`: what stands before that which is so, -1 where nothing does."""
    but = verb + (2 if sentence.kind[verb + 1] == "N" else 3)
    end = 2 * but - verb
    same = sentence.kind[verb + 1 : but] == sentence.kind[but + 1 : end] and sentence.kind[but - 1] == "N"
    clause = sentence.kind[end] in VERBS or sentence.kind[end] == "b"
    return but if sentence.name[but] == "but" and same and not clause else -1


def _verb_before(sentence: Sentence, place: int) -> int:
    """The last verb of the same sentence left of `place`, -1 if none."""
    for left in range(place - 1, -1, -1):
        if sentence.kinds[left] == ".":
            break
        if sentence.is_verb(left) and not _adjective(sentence, left):
            return left
    return -1


def _adjective(sentence: Sentence, place: int) -> bool:
    """`wears riding boots`: a participle between a verb that takes a thing and a bare noun."""
    if sentence.kind[place] != "g" or sentence.name[place - 1] not in _TAKES_A_THING:
        return False
    return sentence.kind[place + 1] == "N" and sentence.bare(place + 1)


def _noun(sentence: Sentence, place: int, act: Act) -> bool:
    """`train rides`, `fruit stands`: a verb's form in -s that is a noun after a bare thing."""
    if sentence.kind[place - 1] != "N":
        return False
    if sentence.kind[place + 1] == "N" and not sentence.bare(place + 1):
        return False
    if sentence.living(place - 1) or sentence.worn(place - 1) or sentence.kind[place - 2] in "Nw":
        return False
    return sentence.bare(place - 1) or (act.known.subject == "living" and not _carried(sentence, place - 1))


def _carried(sentence: Sentence, noun: int) -> bool:
    """`a man carrying an umbrella | walks`: what somebody has who did nothing finite yet."""
    sentence.attach(noun)
    parent, verb = sentence.parent[noun], noun - 1
    return parent >= 0 and sentence.living(parent) and sentence.kind[verb] in "gepc"


def _goes_on(sentence: Sentence, place: int) -> bool:
    """`wearing a hat and | carrying a bag, a woman walks`: after `and` another verb that nobody did yet."""
    verb = _verb_before(sentence, place) if sentence.kind[place - 1] == "c" else -1
    return verb >= 0 and not sentence.subjects(verb)


def _main_subject(sentence: Sentence, place: int) -> int:
    """Of a clause that begins with a participle the noun phrase after its comma or its `is`; -1 if none."""
    kinds = sentence.kind
    for here in range(place + 1, len(sentence.kinds)):
        if kinds[here] in "b,":
            after = here + 2 if kinds[here + 1] == "b" else here + 1
            if kinds[after] == "g":
                continue
            return after if kinds[after] == "N" else -1
        if kinds[here] == ".":
            return -1
    return -1


def _able(sentence: Sentence, doers: list[int], act: Act) -> list[int]:
    """Those who may do it; places that are not attached yet may be asked for."""
    for doer in doers:
        if sentence.none(doer):
            return []
    return sentence.choose(doers[-1:], act.known.subject) and [
        doer for doer in doers if sentence.choose([doer], act.known.subject)
    ]


def _group_from(sentence: Sentence, place: int) -> list[int]:
    """The noun phrase at `place` and those that follow with `and`."""
    found = [place]
    while sentence.kind[found[-1] + 1] == "c" and sentence.kind[found[-1] + 2] == "N":
        found.append(found[-1] + 2)
    return found


def _agent(sentence: Sentence, place: int, act: Act) -> int:
    """The preposition of who does it, `carried by a man`, `covered with snow`, `used for years by a man`; 0 if none."""
    if not (act.participle and act.passive[0]):
        return 0
    kind, here = sentence.kind, place + 1
    if kind[here] in "po" and sentence.name[here] in act.known.agents:
        return here
    here += (kind[here] == "p") + 1
    by = sentence.kind[here - 1 : here + 2] == "NpN" and sentence.name[here] == "by"
    return here if by and "by" in act.known.agents and sentence.living(here + 1) else 0


def _compound(sentence: Sentence, place: int, act: Act) -> bool:
    """`snow covered x`, `x is snow covered`: a verb that names who does it otherwise than by `by`."""
    return len(act.known.agents) > 1 and sentence.kind[place - 1] == "N"


def _compounds(sentence: Sentence, place: int, act: Act) -> None:
    kind = sentence.kind
    if kind[place + 1] == "N":
        _turned(sentence, act.passive, [place + 1], _bare_group(sentence, place - 1))
    elif place >= 3 and kind[place - 3] == "N" and kind[place - 2] == "b":
        _turned(sentence, act.passive, [place - 3], [place - 1])


def _bare_group(sentence: Sentence, place: int) -> list[int]:
    """`snow and ice covered hills`; not `trees and a snow covered hill`, `with trees and snow covered hills`."""
    group = sentence.group(place) if sentence.bare(place) else [place]
    return [place] if sentence.kind[group[0] - 1] in VERBS | {"p"} else group


def _turned(sentence: Sentence, passive: tuple[str, bool], subjects: list[int], things: list[int]) -> None:
    predicate, turned = passive
    if turned:
        subjects, things = things, subjects
    sentence.state(subjects, predicate, things)


def _may_be(sentence: Sentence, act: Act, thing: int) -> bool:
    """Not `walking in a coat`, `standing on one leg`, `riding on the beach`."""
    wanted, name = act.known.object, sentence.name[thing]
    if wanted == "ridden":
        return name in ("animal", "vehicle")
    return not ("limbs" in wanted and name == "limb") and not ("clothes" in wanted and sentence.worn(thing))


def _meant(sentence: Sentence, act: Act, things: list[int]) -> list[int]:
    """Of what a verb happens to that which it can: eats a plate of | food, rides no nose."""
    if act.known.object == "contents":
        in_it = (
            sentence.name[thing] == "container" and sentence.kind[thing + 1 : thing + 3] == "oN"
            for thing in things
        )
        return [thing + 2 * inside for thing, inside in zip(things, in_it, strict=True)]
    return things if act.known.object != "ridden" else [thing for thing in things if not sentence.worn(thing)]


def _direct(sentence: Sentence, verb: int, subjects: list[int]) -> list[int]:
    """The direct object, right after the verb (`riding down the street` has none)."""
    if _adjective(sentence, verb + 1):
        verb += 1
    if sentence.kind[verb + 1] == "x":
        verb += 1
    if sentence.kind[verb + 1] != "N":
        stranded = sentence.kind[verb + 1] == "p" and sentence.kind[verb + 2] != "N"
        return [] if stranded else _gap(sentence, subjects, verb + 1)
    if sentence.marks[verb + 1].islower():
        return []
    return _objects(sentence, verb + 1, subjects)


def _gap(sentence: Sentence, subjects: list[int], target: int) -> list[int]:
    """`the chair (that) the woman is sitting on`, `the bed on which a cat lies`: the object before the subject."""
    if not subjects or sentence.kind[target] == "N":
        return []
    left = subjects[0] - 1
    if sentence.kind[left] == "w":
        left -= 2 if sentence.kind[left - 1] == "p" or sentence.name[left - 1] == "," else 1
    elif sentence.kind[left] != "N":
        return []
    return [left] if left >= 0 and sentence.kind[left] == "N" else []


def _before_which(sentence: Sentence, subjects: list[int]) -> str:
    """The preposition of `the bed on which a cat lies`, '' where there is none."""
    left = subjects[0] - 1 if subjects else -1
    return sentence.name[left - 1] if sentence.kind[left - 1 : left + 1] == "pw" else ""


def _objects(sentence: Sentence, place: int, subjects: list[int]) -> list[int]:
    """The noun phrase at `place` and those coordinated with it that are not the subject of a next verb."""
    if sentence.kind[place] != "N":
        return []
    if sentence.name[place] in _IT:
        meant = sentence.meant_by(place, subjects)
        return [meant] if meant >= 0 else []
    if sentence.kind[place + 1] == "e" and sentence.compound(place + 1):
        place += 2
    found = [place]
    while place := _joined(sentence, place):
        found.append(place)
    return found if sentence.positive else found + _but(sentence, found[0])


def _but(sentence: Sentence, place: int) -> list[int]:
    """`neither a bag nor an umbrella | but a kite`, `not a bag but a kite`: what there is instead of it."""
    if sentence.kind[place - 1] != "x" and not sentence.none(place):
        return []
    while sentence.name[place + 1] in _AGAIN and sentence.kind[place + 2] == "N":
        place += 2
    but = place + (2 if sentence.name[place + 1] == "," else 1)
    return [but + 1] if sentence.name[but] == "but" and _ends(sentence, but + 1) else []


def _except(sentence: Sentence, verb: int) -> list[int]:
    """`nobody sits on the bench | but a cat`: who does it after all."""
    for place in range(verb + 1, len(sentence.kinds) - 1):
        if sentence.name[place] in _EXCEPT and _ends(sentence, place + 1):
            sentence.affirm(place + 1)
            return [place + 1]
    return []


def _ends(sentence: Sentence, place: int) -> bool:
    """Whether a noun phrase stands there that does nothing."""
    after = sentence.kind[place + 1]
    return sentence.kind[place] == "N" and after not in VERBS and after not in "bx"


def _joined(sentence: Sentence, place: int) -> int:
    """What follows with `and` and is no clause of its own: no verb after it; a preposition only among things; or 0."""
    kind, comma = sentence.kind, sentence.name[place + 1] == ","
    if not comma and kind[place + 1] != "c":
        return 0
    other = place + (3 if comma and kind[place + 2] == "c" else 2)
    if sentence.name[other - 1] in grammar.DITTO or not _ends(sentence, other) or kind[other + 1] == "w":
        return 0
    if kind[other + 1] == "p":
        if kind[place - 1] == "p" and sentence.name[other + 1] == sentence.name[place - 1]:
            return 0
        return other if sentence.sort(place) == sentence.sort(other) == "thing" else 0
    # `a beach and | the banana a child is carrying`
    return 0 if kind[other + 1] == "N" and not sentence.marks[other + 1].islower() else other


def _beyond_self(sentence: Sentence, place: int) -> int:
    """`lying on his side on a bed`: the second preposition counts."""
    if sentence.kind[place : place + 3] == "NpN" and sentence.name[place] in _SELF:
        return place + 2 if sentence.name[place + 1] == sentence.name[place - 1] else place
    return place
