"""Predicate words -> classes: exact, or by the verb's lemma and inflections (docs/method.md, 1 and 3)."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from relclip.core.forms import tidy
from relclip.dataset.names import lookup, without_articles

Match = Literal["exact", "lemma"]

#: Verb of a class name -> (forms that stand alone, forms that may follow 'is', 'are', ...). Past participles
#: are left out where they turn the relation round ("is carried by") or belong to another class ("covered").
_FORMS = {
    "carrying": ("carry carries carried", "carrying"),
    "covered": ("", "covered"),
    "covering": ("cover covers", "covering"),
    "eating": ("eat eats ate", "eating"),
    "flying": ("fly flies flew", "flying"),
    "growing": ("grow grows grew", "growing"),
    "hanging": ("hang hangs", "hanging hung hanged"),
    "lying": ("lie lies lay lays", "lying laying laid lain"),
    "mounted": ("", "mounted"),
    "painted": ("", "painted"),
    "parked": ("park parks", "parked parking"),
    "playing": ("play plays played", "playing"),
    "riding": ("ride rides rode", "riding"),
    "says": ("say says said", "saying"),
    "sitting": ("sit sits sat", "sitting seated"),
    "standing": ("stand stands stood", "standing"),
    "using": ("use uses used", "using"),
    "walking": ("walk walks walked", "walking"),
    "watching": ("watch watches watched", "watching"),
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


class PredicateWords:
    """Finds the predicate id of a relation's words as annotators write them."""

    def __init__(self, classes: Sequence[str], aliases: Mapping[str, str], match: Match) -> None:
        self._classes = {name: number for number, name in enumerate(classes, 1)}
        self._tidy = lookup(classes, "predicate")
        self._aliases = aliases
        self._match = match
        self._phrases = dict(_phrases(self._tidy))
        self._known: dict[str, int | None] = {}

    def find(self, words: str) -> int | None:
        """Return the 1-based predicate id, or None if it is outside the vocabulary."""
        if words not in self._known:
            self._known[words] = self._align(words)
        return self._known[words]

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
        alone, any_place = _FORMS.get(verb, ("", verb))
        for after in _after(name, rest):
            yield from ((f"{form} {after}".strip(), (number, True)) for form in alone.split())
            yield from ((f"{form} {after}".strip(), (number, False)) for form in any_place.split())
    yield from ((name, (number, False)) for name, number in classes.items())


def _after(name: str, rest: str) -> tuple[str, ...]:
    if rest == "":
        return _AFTER.get(name, ("", *_OBJECT_ROLES))
    return _AFTER.get(name, _ON if rest == "on" else (rest,))
