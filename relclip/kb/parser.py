"""Words -> who does what to whom: one scan from left to right, each verb looks for its subjects and its objects."""

from collections.abc import Callable, Iterator

from relclip.kb import grammar, lexicon
from relclip.kb.sentence import VERBS, Sentence
from relclip.kb.tagger import TAGS, chunks

_VERBS = {form: verb for verb in grammar.VERBS for form in verb.forms()}
_PARTICIPLES = frozenset(" ".join(verb.participle for verb in grammar.VERBS).split())
_PREPOSITIONS = {form: dict(verb.prepositions) for form, verb in _VERBS.items()}
_COVERED_BY = frozenset(lexicon.COVERED_BY.split())
_SELF = frozenset(lexicon.SELF.split())
_LIMBS = frozenset(lexicon.LIMBS.split())
_RIDEABLE = frozenset(lexicon.RIDEABLE.split())
_PREDICATE = frozenset("GEFBS")
_IT = ("it", "them")
_NAMED_ELSEWHERE = frozenset((*_IT, *lexicon.PEOPLE.split()))
_NO_FURTHER = 5

#: (subject phrase, predicate, object phrase) as words; nothing is aligned to a vocabulary yet.
Fact = tuple[str, str, str]


def facts(words: list[str], wanted: Callable[[str], bool] | None = None) -> Iterator[Fact]:
    """Yield what a caption's words (`tagger.split`) state.

    `wanted`: whether a noun phrase that ends in this word is of interest; facts with another object may be left out,
    and a sentence without any promising verb, two of three, is not read.
    """
    sentence = Sentence(words, chunks(words))
    verbs = [place for place in _predicates(sentence) if wanted is None or _promises(sentence, place, wanted)]
    for place in range(verbs[-1] + 1 if verbs else 0):
        kind = sentence.kinds[place]
        if kind == "N":
            sentence.attach(place)
        elif kind in VERBS and sentence.kind[place - 1] not in "po":
            sentence.subjects[place] = _subjects(sentence, place)
            sentence.last_verb = place
            if place in verbs:
                yield from _relations(sentence, place)
        elif kind == ".":
            sentence.last_verb = -1


def _predicates(sentence: Sentence) -> list[int]:
    """Places of the verbs that may be one of the 20 predicates."""
    kind = sentence.kind
    return [
        place for place, one in enumerate(sentence.kinds) if one in _PREDICATE and kind[place - 1] not in "po"
    ]


def _promises(sentence: Sentence, place: int, wanted: Callable[[str], bool]) -> bool:
    """False where the object of a verb can only be a noun phrase that is not wanted; needs no attachment."""
    kind = sentence.kind
    ahead = kind.find("N", place + 1, place + _NO_FURTHER)
    if ahead >= 0 and _ends_wanted(sentence, ahead, wanted):
        return True
    if kind[place - 1] == "N" and sentence.word[place].startswith("cover"):
        return True
    before = sentence.kinds[:place]
    if "NN" in before or "NwN" in before:  # the chair (that) the woman is sitting on
        return True
    # wood table plates are sitting on .
    end = place + {"p": 2, "c": 4}.get(kind[place + 1], 0)
    return end > place and kind[end] in ".,"


def _ends_wanted(sentence: Sentence, place: int, wanted: Callable[[str], bool]) -> bool:
    """Whether the noun phrase, or one coordinated with it, ends in a wanted word, or stands for another phrase."""
    head = sentence.head(place)
    if wanted(head) or head in _NAMED_ELSEWHERE or head in _SELF:
        return True
    return any(wanted(sentence.head(thing)) for thing in _objects(sentence, place))


def _subjects(sentence: Sentence, verb: int) -> list[int]:
    """Who does it. Finite verb: the head of the clause; bare participle: the nearest phrase that can do it."""
    finite, left = sentence.kinds[verb] in "FBSf", verb - 1
    while sentence.kind[left] in "bt":
        finite = finite or sentence.kinds[left] == "b"
        left -= 1
    word = sentence.word[verb]
    wanted = _VERBS[word].subject if word in _VERBS else "animate"
    match sentence.kind[left]:
        case "N" if sentence.kind[left - 1] in "Nw":
            return sentence.group(left)
        case "N":
            chain = sentence.chain(left)
            return sentence.choose(reversed(chain) if finite else chain, wanted)
        case "w":
            return sentence.choose(sentence.chain(sentence.noun_before(left)), wanted)
        case ".":
            return []
    if sentence.subjects.get(sentence.last_verb):
        return sentence.subjects[sentence.last_verb]
    return sentence.choose(reversed(sentence.chain(sentence.noun_before(left))), wanted)


def _relations(sentence: Sentence, place: int) -> Iterator[Fact]:
    """What one predicate verb states, given its subjects."""
    word, after, following = sentence.word[place], sentence.kind[place + 1], sentence.word[place + 1]
    verb, subjects = _VERBS[word], sentence.subjects[place]
    if after == "c" and sentence.kind[place + 2] in VERBS and sentence.kind[place + 3] == "p":
        following, place = sentence.word[place + 3], place + 2
    if verb.direct == "covering" and word in _PARTICIPLES:
        yield from _covered(sentence, place, subjects)
    elif after == "p" and following == "by" and verb.direct and word in _PARTICIPLES:
        yield from _pairs(sentence, _objects(sentence, place + 2), verb.direct, subjects)
    elif following in _PREPOSITIONS[word]:
        predicate = _PREPOSITIONS[word][following]
        things = _objects(sentence, _beyond_self(sentence, place + 2)) or _gap(sentence, subjects, place + 2)
        things = [thing for thing in things if _may_be(sentence, predicate, thing)]
        yield from _pairs(sentence, subjects, predicate, things)
        if not things and len(subjects) == 1:
            yield from _run_together(sentence, subjects[0], predicate, place + 2)
    elif verb.direct and not (word in _PARTICIPLES and sentence.kind[place - 1] == "b"):
        yield from _pairs(sentence, subjects, verb.direct, _direct(sentence, place, subjects))


def _may_be(sentence: Sentence, predicate: str, thing: int) -> bool:
    """Not `walking in a coat`, `standing on one leg`, `riding on the beach`."""
    if predicate in ("standing on", "walking on"):
        return sentence.head(thing) not in _LIMBS
    if predicate == "walking in":
        return sentence.sort(thing) != "worn"
    return predicate != "riding" or sentence.sort(thing) == "animal" or sentence.head(thing) in _RIDEABLE


def _pairs(sentence: Sentence, subjects: list[int], predicate: str, things: list[int]) -> Iterator[Fact]:
    for subject in subjects:
        for thing in things:
            if subject != thing:
                yield sentence.phrase(subject), predicate, sentence.phrase(thing)


def _direct(sentence: Sentence, verb: int, subjects: list[int]) -> list[int]:
    """The direct object; nothing but an adverb in -ly may stand between (`riding down the street` has none)."""
    if sentence.kind[verb + 1] != "N":
        stranded = sentence.kind[verb + 1] == "p" and sentence.kind[verb + 2] != "N"
        return [] if stranded else _gap(sentence, subjects, verb + 1)
    between = sentence.words[sentence.ends[verb] : sentence.starts[verb + 1]]
    return (
        _objects(sentence, verb + 1)
        if all(TAGS[word] != "r" or word.endswith("ly") for word in between)
        else []
    )


def _gap(sentence: Sentence, subjects: list[int], target: int) -> list[int]:
    """`the chair (that) the woman is sitting on`: the object stands before the subject."""
    if not subjects or sentence.kind[target] == "N":
        return []
    left = subjects[0] - 1
    if sentence.kind[left] == "w":
        left -= 1
    elif sentence.kind[left] != "N":
        return []
    return [left] if sentence.kind[left] == "N" else []


def _run_together(sentence: Sentence, subject: int, predicate: str, end: int) -> Iterator[Fact]:
    """`wood table | plates are sitting on`: two bare nouns in one phrase, and no object after the preposition."""
    *before, last = sentence.phrase(subject).split()
    if before and sentence.kind[end] in ".,":
        yield last, predicate, " ".join(before)


def _objects(sentence: Sentence, place: int) -> list[int]:
    """The noun phrase at `place` and those coordinated with it that are not the subject of a next verb."""
    if sentence.kind[place] != "N":
        return []
    if sentence.word[place] in _IT:
        return sentence.chain(sentence.noun_before(place))[1:][-1:]
    if (
        sentence.kind[place + 1] == "E"
        and sentence.word[place + 1].startswith("cover")
        and sentence.compound(place + 1)
    ):
        place += 2
    found = [place]
    while _joined(sentence, place):
        place += 2
        found.append(place)
    return found


def _joined(sentence: Sentence, place: int) -> bool:
    """Whether `and another` follows that is no clause of its own: no verb after it; a preposition only among things."""
    if (sentence.kind[place + 1] != "c" and sentence.word[place + 1] != ",") or sentence.kind[
        place + 2
    ] != "N":
        return False
    after = sentence.kind[place + 3]
    if after == "p":
        return sentence.sort(place) == sentence.sort(place + 2) == "thing"
    return after not in VERBS and after not in "bw"


def _beyond_self(sentence: Sentence, place: int) -> int:
    """`lying on his side on a bed`: the second preposition counts."""
    if sentence.kind[place] == "N" and sentence.kind[place + 1] == "p" and sentence.kind[place + 2] == "N":
        own = sentence.head(place) in _SELF
        return place + 2 if own and sentence.word[place + 1] == sentence.word[place - 1] else place
    return place


def _covered(sentence: Sentence, place: int, subjects: list[int]) -> Iterator[Fact]:
    """`x covered in y`, `snow covered x`, `x is snow covered`."""
    after, before = sentence.kind[place + 1], sentence.kind[place - 1]
    if after in "po" and sentence.word[place + 1] in _COVERED_BY:
        things = _objects(sentence, place + 2) or _gap(sentence, subjects, place + 2)
        yield from _pairs(sentence, subjects, "covered in", things)
    elif after == "N" and before == "N":
        for cover in sentence.group(place - 1):
            yield sentence.phrase(place + 1), "covered in", sentence.phrase(cover)
    elif before == "N" and sentence.kind[place - 2] == "b" and sentence.kind[place - 3] == "N":
        yield sentence.phrase(place - 3), "covered in", sentence.phrase(place - 1)
