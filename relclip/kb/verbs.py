"""What a verb of a sentence is: a verb at all, complete, an adjective; whether what it says is denied or unreal."""

from relclip.kb import grammar, lexicon
from relclip.kb.predicates import Act
from relclip.kb.sentence import VERBS, Sentence

AGAIN = frozenset({"or", "nor"})
#: Before `to` and a verb: nobody does it, or not any more.
_TO_DO = frozenset({"wished", "used"})
_UNDONE = frozenset({*grammar.IF, "ceased"})
_TAKES_A_THING = grammar.word_set("takes a thing")


def complete(sentence: Sentence, place: int) -> bool:
    """`with his hat on | sitting`, `the bench he sits on | stands`: a preposition that needs no noun."""
    kind, before = sentence.kind, place - 1
    if kind[before] != "N":
        stranded = kind[before] in VERBS and kind[place + 1] in "fS"
        return stranded and bool(gap(sentence, sentence.subjects(before), place + 1))
    sentence.attach(before)
    return sentence.link[before] == "with" and sentence.name[place] in ("on", "off")


def inverted(sentence: Sentence, verb: int) -> bool:
    """`a cat lies here and on the bed | lies a dog`: a clause begins with a preposition and ends with who it is."""
    kind = sentence.kind
    begins = kind[verb - 2] == "p" and kind[verb - 3] in "c,"
    return begins and kind[verb] in "fS" and kind[verb + 1] == "N" and sentence.marks[verb + 1].isupper()


def made_to(sentence: Sentence, noun: int, verb: int) -> bool:
    """`helps a boy | ride a bike`, `lets her dog lie`: a base form after the object of a finite verb."""
    kind, first = sentence.kind, noun - 1
    if kind[first] not in "fBSvg" or kind[verb] not in "fBv" or kind[first - 1] == "w":
        return False
    return sentence.living(noun) and bool(sentence.subjects(first))


def negated(sentence: Sentence, place: int) -> bool:
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
    if kind[left] == "N" and sentence.name[left - 1] in lexicon.PLACED:
        # never seen a cow | lying
        left -= 1
    elif kind[left] == "c" and sentence.name[left] in AGAIN:
        left = verb_before(sentence, place)
    elif kind[place] in "fS" if left == place - 1 else sentence.name[left + 1] in grammar.IS:
        # a bird that does not fly | is standing
        return False
    return sentence.is_verb(left) and not adjective(sentence, left) and negated(sentence, left)


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


def rather(sentence: Sentence, verb: int) -> int:
    """`not lying on the bed | but on the rug`: what stands before that which is so, -1 where nothing does."""
    but = verb + (2 if sentence.kind[verb + 1] == "N" else 3)
    end = 2 * but - verb
    same = sentence.kind[verb + 1 : but] == sentence.kind[but + 1 : end] and sentence.kind[but - 1] == "N"
    clause = sentence.kind[end] in VERBS or sentence.kind[end] == "b"
    return but if sentence.name[but] == "but" and same and not clause else -1


def verb_before(sentence: Sentence, place: int) -> int:
    """The last verb of the same sentence left of `place`, -1 if none."""
    for left in range(place - 1, -1, -1):
        if sentence.kinds[left] == ".":
            break
        if sentence.is_verb(left) and not adjective(sentence, left):
            return left
    return -1


def adjective(sentence: Sentence, place: int) -> bool:
    """`wears riding boots`: a participle between a verb that takes a thing and a bare noun."""
    if sentence.kind[place] != "g" or sentence.name[place - 1] not in _TAKES_A_THING:
        return False
    return sentence.kind[place + 1] == "N" and sentence.bare(place + 1)


def noun(sentence: Sentence, place: int, act: Act) -> bool:
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


def goes_on(sentence: Sentence, place: int) -> bool:
    """`wearing a hat and | carrying a bag, a woman walks`: after `and` another verb that nobody did yet."""
    verb = verb_before(sentence, place) if sentence.kind[place - 1] == "c" else -1
    return verb >= 0 and not sentence.subjects(verb)


def gap(sentence: Sentence, subjects: list[int], target: int) -> list[int]:
    """`the chair (that) the woman is sitting on`, `the bed on which a cat lies`: the object before the subject."""
    if not subjects or sentence.kind[target] == "N":
        return []
    left = subjects[0] - 1
    if sentence.kind[left] == "w":
        left -= 2 if sentence.kind[left - 1] == "p" or sentence.name[left - 1] == "," else 1
    elif sentence.kind[left] != "N":
        return []
    return [left] if left >= 0 and sentence.kind[left] == "N" else []
