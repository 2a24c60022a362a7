"""What a verb or a preposition of a sentence is about: its objects, those of a list or a compound, those left out."""

from relclip.kb import grammar, lexicon, verbs
from relclip.kb.predicates import Act
from relclip.kb.sentence import VERBS, Sentence

IT = frozenset({"it", "them", "him"})
_SELF = frozenset({"self", "limb"})
_EXCEPT = frozenset({"but", "except"})


def on_it(sentence: Sentence, place: int) -> bool:
    """`a glass with beer in it`: what is said of the beer is all that is said."""
    return sentence.kind[place + 1] == "p" and sentence.name[place + 2] in IT


def compound(sentence: Sentence, place: int, act: Act) -> bool:
    """`snow covered x`, `x is snow covered`: a verb that names who does it otherwise than by `by`."""
    return len(act.known.agents) > 1 and sentence.kind[place - 1] == "N"


def compounds(sentence: Sentence, place: int, act: Act) -> None:
    """State `snow covered hills` and `hills are snow covered`, the verb at `place`."""
    kind = sentence.kind
    if kind[place + 1] == "N":
        turned(sentence, act.passive, [place + 1], _bare_group(sentence, place - 1))
    elif place >= 3 and kind[place - 3] == "N" and kind[place - 2] == "b":
        turned(sentence, act.passive, [place - 3], [place - 1])


def _bare_group(sentence: Sentence, place: int) -> list[int]:
    """`snow and ice covered hills`; not `trees and a snow covered hill`, `with trees and snow covered hills`."""
    group = sentence.group(place) if sentence.bare(place) else [place]
    return [place] if sentence.kind[group[0] - 1] in VERBS | {"p"} else group


def turned(sentence: Sentence, passive: tuple[str, bool], subjects: list[int], things: list[int]) -> None:
    """State a passive's predicate, with its two sides changed where `passive` says so."""
    predicate, swapped = passive
    if swapped:
        subjects, things = things, subjects
    sentence.state(subjects, predicate, things)


def may_be(sentence: Sentence, act: Act, thing: int) -> bool:
    """Not `walking in a coat`, `standing on one leg`, `riding on the beach`."""
    wanted, name = act.known.object, sentence.name[thing]
    if wanted == "ridden":
        return name in ("animal", "vehicle")
    return not ("limbs" in wanted and name == "limb") and not ("clothes" in wanted and sentence.worn(thing))


def meant(sentence: Sentence, act: Act, things: list[int]) -> list[int]:
    """Of what a verb happens to that which it can: eats a plate of | food, rides no nose."""
    if act.known.object == "contents":
        in_it = (
            sentence.name[thing] == "container" and sentence.kind[thing + 1 : thing + 3] == "oN"
            for thing in things
        )
        return [thing + 2 * inside for thing, inside in zip(things, in_it, strict=True)]
    return things if act.known.object != "ridden" else [thing for thing in things if not sentence.worn(thing)]


def direct(sentence: Sentence, verb: int, subjects: list[int]) -> list[int]:
    """The direct object, right after the verb (`riding down the street` has none)."""
    if verbs.adjective(sentence, verb + 1):
        verb += 1
    if sentence.kind[verb + 1] == "x":
        verb += 1
    if sentence.kind[verb + 1] != "N":
        stranded = sentence.kind[verb + 1] == "p" and sentence.kind[verb + 2] != "N"
        return [] if stranded else verbs.gap(sentence, subjects, verb + 1)
    if sentence.marks[verb + 1].islower() or _rides(sentence, verb):
        return []
    return objects(sentence, verb + 1, subjects)


def _rides(sentence: Sentence, verb: int) -> bool:
    """`watches train | rides`: a clause has one finite verb, so that what looks like a second one is the object."""
    finite = sentence.kind[verb] in "fBSv" and sentence.kind[verb + 2] == "S"
    thing = sentence.bare(verb + 1) and sentence.sort(verb + 1) == "thing"
    return finite and thing and sentence.kind[verb + 3] != "N"


def before(sentence: Sentence, verb: int, subjects: list[int]) -> tuple[str, list[int]]:
    """The preposition and the thing of `the bed on which | a cat lies`, `on the bed | a cat lies`; '' where none is."""
    left = subjects[0] - 1 if subjects else -1
    if sentence.kind[left - 1 : left + 1] == "pw":
        return sentence.name[left - 1], verbs.gap(sentence, subjects, verb + 1)
    left -= sentence.name[left] == ","
    if sentence.kind[verb + 1] in ".,cg" and sentence.kind[left] == "N" and sentence.fronted(left):
        top = min(sentence.chain(left))
        return sentence.name[top - 1], [top]
    return "", []


def objects(sentence: Sentence, place: int, subjects: list[int]) -> list[int]:
    """The noun phrase at `place` and those coordinated with it that are not the subject of a next verb."""
    if sentence.kind[place] != "N":
        return []
    if sentence.name[place] in IT:
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
    while sentence.name[place + 1] in verbs.AGAIN and sentence.kind[place + 2] == "N":
        place += 2
    but = place + (2 if sentence.name[place + 1] == "," else 1)
    return [but + 1] if sentence.name[but] == "but" and ends(sentence, but + 1) else []


def excepted(sentence: Sentence, verb: int) -> list[int]:
    """`nobody sits on the bench | but a cat`: who does it after all."""
    for place in range(verb + 1, len(sentence.kinds) - 1):
        if sentence.name[place] in _EXCEPT and ends(sentence, place + 1):
            sentence.affirm(place + 1)
            return [place + 1]
    return []


def ends(sentence: Sentence, place: int) -> bool:
    """Whether a noun phrase stands there that does nothing."""
    after = sentence.kind[place + 1]
    return sentence.kind[place] == "N" and after not in VERBS and after not in "bx"


def _joined(sentence: Sentence, place: int) -> int:
    """What follows with `and` and is no clause of its own: no verb after it; a preposition only among things; or 0."""
    kind, comma = sentence.kind, sentence.name[place + 1] == ","
    if kind[place + 1] != "c" and not (comma and _listed(sentence, place)):
        return 0
    other = place + (3 if comma and kind[place + 2] == "c" else 2)
    if sentence.name[other - 1] in grammar.DITTO or not ends(sentence, other) or kind[other + 1] == "w":
        return 0
    if kind[other + 1] == "p":
        if kind[place - 1] == "p" and sentence.name[other + 1] == sentence.name[place - 1]:
            return 0
        return other if sentence.sort(place) == sentence.sort(other) == "thing" else 0
    # `a beach and | the banana a child is carrying`
    return 0 if kind[other + 1] == "N" and not sentence.marks[other + 1].islower() else other


def _listed(sentence: Sentence, place: int) -> bool:
    """`boxes, bikes, and sheep`: what commas divide is a list where `and` ends it; so is `grey hat, blue shirt`."""
    if (
        sentence.name[place] in lexicon.ADJECTIVAL
        or sentence.sort(place) == sentence.sort(place + 2) == "worn"
    ):
        return True
    while sentence.name[place + 1] == "," and sentence.kind[place + 2] == "N":
        place += 2
    return "c" in sentence.kind[place + 1 : place + 2 + (sentence.name[place + 1] == ",")]


def beyond_self(sentence: Sentence, place: int) -> int:
    """`lying on his side on a bed`: the second preposition counts."""
    if sentence.kind[place : place + 3] == "NpN" and sentence.name[place] in _SELF:
        return place + 2 if sentence.name[place + 1] == sentence.name[place - 1] else place
    return place
