"""Who does what a verb of a sentence says: the candidates before it, an agent, a group, the main clause's subject."""

from relclip.kb import verbs
from relclip.kb.predicates import Act
from relclip.kb.sentence import VERBS, Sentence


def before_is(sentence: Sentence, place: int) -> list[int]:
    """Who is somewhere: the head of the clause, `a boy whose hat | is on a chair`."""
    if sentence.kind[place] == "w":
        return sentence.group(sentence.noun_before(place))
    if sentence.kind[place] != "N":
        return []
    return sentence.group(place if sentence.name[place - 1] == "whose" else sentence.chain(place)[-1])


def candidates(sentence: Sentence, left: int, *, finite: bool) -> list[int]:
    """Who may do what a verb says, the likeliest first; `left`: the chunk before the verb and its auxiliaries."""
    if sentence.name[left] == ")" and "(" in sentence.name[:left]:
        left -= sentence.name[left::-1].index("(") + 1
    kind = sentence.kind[left]
    noun = left - 1 if sentence.name[left] == "," else left
    if (
        kind == "."
        or sentence.name[left] == "there"
        or (sentence.kind[noun] == "N" and (finite or noun < left) and sentence.fronted(noun))
        or (finite and kind == "N" and verbs.inverted(sentence, left + 1))
    ):
        return []
    if kind not in "Nw" and (doers := sentence.subjects(verbs.verb_before(sentence, left + 1))):
        # the bike that the kid rides | lies
        relative = kind in VERBS | {"p"} or (kind == "," and sentence.kind[doers[0] - 1] == "w")
        head = verbs.gap(sentence, doers, left + 1) if finite and relative else []
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


def main_subject(sentence: Sentence, place: int) -> int:
    """Of a clause that begins with a participle the noun phrase after its comma or its `is`; -1 if none."""
    kinds = sentence.kind
    for here in range(place + 1, len(sentence.kinds)):
        if kinds[here] in "b,":
            after = here + 2 if kinds[here + 1] in "bfS" else here + 1
            if kinds[after] == "g":
                continue
            return after if kinds[after] == "N" else -1
        if kinds[here] == ".":
            return -1
    return -1


def able(sentence: Sentence, doers: list[int], act: Act) -> list[int]:
    """Those who may do it; places that are not attached yet may be asked for."""
    for doer in doers:
        if sentence.none(doer):
            return []
    return sentence.choose(doers[-1:], act.known.subject) and [
        doer for doer in doers if sentence.choose([doer], act.known.subject)
    ]


def group_from(sentence: Sentence, place: int) -> list[int]:
    """The noun phrase at `place` and those that follow with `and`."""
    found = [place]
    while sentence.kind[found[-1] + 1] == "c" and sentence.kind[found[-1] + 2] == "N":
        found.append(found[-1] + 2)
    return found


def agent(sentence: Sentence, place: int, act: Act) -> int:
    """The preposition of who does it, `carried by a man`, `covered with snow`, `used for years by a man`; 0 if none."""
    if not (act.participle and act.passive[0]):
        return 0
    kind, here = sentence.kind, place + 1
    if kind[here] in "po" and sentence.name[here] in act.known.agents:
        return here
    here += (kind[here] == "p") + 1
    by = sentence.kind[here - 1 : here + 2] == "NpN" and sentence.name[here] == "by"
    return here if by and "by" in act.known.agents and sentence.living(here + 1) else 0
