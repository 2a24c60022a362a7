"""Words -> classes: object names and predicate words, by aliases, inflections and lemmas (docs/method.md, 1)."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache

from relclip.core.errors import InputError
from relclip.core.forms import in_singular, name_table, spellings, tidy, verb_forms, verb_lemmas
from relclip.core.params.dataset import ObjectMatch, PredicateMatch

#: Verb of a class name -> (forms that stand alone, forms that may follow 'is', 'are', ...), where these are not its
#: base, third person and past, and its gerund. Past participles are left out where they turn the relation round ("is
#: carried by") or belong to another class ("covered").
_FORMS = {
    "covering": ("cover covers", "covering"),
    "hanging": ("hang hangs", "hanging hung hanged"),
    "lying": ("lie lies lay lays", "lying laying laid lain"),
    "parked": ("park parks", "parked parking"),
    "says": ("say says said", "saying"),
    "sitting": ("sit sits sat", "sitting seated"),
}
#: What may follow the verb instead of the class's own words. "instr" and "obj" are V-COCO's names of a verb's
#: roles: its "sit instr" is the thing sat on, its "eat obj" the thing eaten.
_OBJECT_ROLES = ("obj", "instr")
_ON = ("on", "upon", "on top of")
_AFTER = {"covered in": ("in", "with", "by"), "riding": ("", "on", *_OBJECT_ROLES)} | {
    "sitting on": (*_ON, "instr"),
    "lying on": (*_ON, "instr"),
}
_RELATIVE = frozenset({"that", "which", "who"})
_BEFORE = _RELATIVE | {"has", "have"}
_BE = frozenset({"is", "are", "was", "were", "be", "being", "been"})
ARTICLES = frozenset({"a", "an", "the"})
#: After one of these the last word is not what the name is about ("leg of table").
_LINKS = frozenset({"of", "on", "in", "with", "and", "for", "at", "by", "from", "to", "near", "under"})
#: Names whose last word is another thing.
_NOT_ITS_LAST_WORD = frozenset(
    {"hot dog", "teddy bear", "sea horse", "rocking horse", "toy car", "toy plane", "corn dog"}
)


class ObjectNames:
    """Finds the class id of a name as annotators write it."""

    def __init__(self, classes: Sequence[str], aliases: Mapping[str, str], match: ObjectMatch) -> None:
        exact = match == "exact"
        self._ids = name_table(lookup(classes, "object"), aliases, exact=exact)
        self._match = match
        #: Name -> 1-based class id, or None if it is outside the vocabulary.
        self.find = cache(self._align)

    def _align(self, name: str) -> int | None:
        text = without_articles(tidy(name))
        forms = [text] if self._match == "exact" else list(spellings(text))
        found = [self._ids[form] for form in forms if form in self._ids]
        if not found and self._match == "last_word":
            found = [number for form in forms if (number := self._last_word(form.split())) is not None]
        return found[0] if found else None

    def _last_word(self, words: list[str]) -> int | None:
        if len(words) < 2 or _LINKS.intersection(words):
            return None
        pair = " ".join(words[-2:])
        return (
            None if _NOT_ITS_LAST_WORD.intersection([pair, *in_singular(pair)]) else self._ids.get(words[-1])
        )


def without_articles(text: str) -> str:
    """Leave out articles before and after: 'the man' -> 'man', 'riding a' -> 'riding'."""
    words = text.split()
    while words and words[0] in ARTICLES:
        del words[0]
    while words and words[-1] in ARTICLES:
        del words[-1]
    return " ".join(words)


def lookup(classes: Sequence[str], what: str) -> dict[str, int]:
    """Tidied name -> 1-based id; raises InputError where two classes differ in case or spaces only."""
    ids: dict[str, int] = {}
    for number, name in enumerate(classes, 1):
        if tidy(name) in ids:
            raise InputError(
                f"the {what} class '{name}' stands twice in the vocabulary (case and underscores apart); "
                "remove one"
            )
        ids[tidy(name)] = number
    return ids


class PredicateWords:
    """Finds the predicate id of a relation's words as annotators write them."""

    def __init__(self, classes: Sequence[str], aliases: Mapping[str, str], match: PredicateMatch) -> None:
        self._classes = {name: number for number, name in enumerate(classes, 1)}
        self._tidy = lookup(classes, "predicate")
        self._aliases = aliases
        self._match = match
        self._phrases = dict(_phrases(self._tidy))
        #: Words -> 1-based predicate id, or None if they are outside the vocabulary.
        self.find = cache(self._align)

    def _align(self, words: str) -> int | None:
        # Lower-case and nothing else, as the counts of docs/method.md, 1 were made.
        found = self._classes.get(words.lower())
        if found is None:
            found = self._tidy.get(self._aliases.get(tidy(words), ""))
        return self._by_lemma(words) if found is None and self._match == "lemma" else found

    def _by_lemma(self, words: str) -> int | None:
        text = tidy(words)
        found = self._phrase(text)
        return self._phrase(self._aliases[text]) if found is None and text in self._aliases else found

    def _phrase(self, text: str) -> int | None:
        words = without_articles(text).split()
        after_be = False
        while words:
            number, alone_only = self._phrases.get(" ".join(words), (None, False))
            if number is not None and not (after_be and alone_only):
                return number
            if words[0] not in _BE | _BEFORE:
                return None
            after_be |= words.pop(0) in _BE
        return None


def without_auxiliaries(text: str) -> str:
    """Leave out what stands before a predicate and is none of it: 'that is on' -> 'on'; a word alone stays."""
    words = text.split()
    while len(words) > 1 and words[0] in _BE | _RELATIVE:
        del words[0]
    return " ".join(words)


def _phrases(classes: Mapping[str, int]) -> Iterator[tuple[str, tuple[int, bool]]]:
    """Yield (phrase, (predicate id, whether no 'is' may precede it)) of each class, its own name last."""
    for name, number in classes.items():
        verb, _, rest = name.partition(" ")
        alone, any_place = _FORMS[verb] if verb in _FORMS else (_active(verb), verb)
        for after in _after(name, rest):
            yield from ((f"{form} {after}".strip(), (number, True)) for form in alone.split())
            yield from ((f"{form} {after}".strip(), (number, False)) for form in any_place.split())
    yield from ((name, (number, False)) for name, number in classes.items())


def _active(verb: str) -> str:
    """The base, third person and past of a gerund: 'holding' -> 'hold holds held'; nothing of another word."""
    forms = [form for form in map(verb_forms, verb_lemmas(verb)) if form.gerund == verb]
    return " ".join(word for form in forms for word in (form.base, form.third, *form.past))


def _after(name: str, rest: str) -> tuple[str, ...]:
    if rest == "":
        return _AFTER.get(name, ("", *_OBJECT_ROLES))
    return _AFTER.get(name, _ON if rest == "on" else (rest,))
