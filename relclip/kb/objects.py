"""Noun phrases -> object classes: plurals, aliases, synonyms; the longest name at the end of the phrase wins."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from relclip.core.errors import InputError

REMEMBERED_PHRASES = 500_000

_IRREGULAR = {
    "man": "mans",
    "woman": "women womans",
    "child": "children childs",
    "person": "persons",
    "people": "peoples",
    "leaf": "leaves leafs",
    "shelf": "shelves shelfs",
    "knife": "knives",
    "wolf": "wolves",
    "calf": "calves",
    "loaf": "loaves",
    "foot": "feet",
    "tooth": "teeth",
    "mouse": "mice",
    "goose": "geese",
    "sheep": "sheeps",
}

#: Phrases whose last word is another thing than the class it names.
_MISLEADING = ("hot dog", "snow board")

#: Other names of a class, used only where the class is in the vocabulary and the name is not.
_SYNONYMS = {
    "mountain": "|mountain range",
    "bag": "handbag purse",
    "cat": "kitten",
    "dog": "puppy doggy",
    "man": "he gentleman",
    "people": "they",
    "person": "someone somebody",
    "woman": "she",
    "airplane": "aeroplane airliner jetliner",
    "bike": "bicycle",
    "bicycle": "bike",
    "motorcycle": "motorbike motor-cycle|motor bike|motor cycle",
    "couch": "sofa",
    "sofa": "couch",
    "phone": "cellphone telephone smartphone|cell phone",
    "sidewalk": "pavement side-walk|side walk",
    "surfboard": "surf-board|surf board|surfbord",
    "skateboard": "skate-board|skate board",
    "snowboard": "snow board",
    "train": "locomotive",
    "vegetable": "veggie",
    "light": "lightbulb streetlight",
    "post": "lamppost signpost",
    "table": "countertop-table",
    "railing": "handrail",
}


def plurals(name: str) -> list[str]:
    """The plural forms of a name, its last word inflected: `street light` -> `street lights`."""
    *before, last = name.split(" ")
    forms = [f"{last}s"]
    if last.endswith(("s", "x", "z", "ch", "sh")):
        forms.append(f"{last}es")
    if last.endswith("y"):
        forms.append(f"{last[:-1]}ies")
    forms += _IRREGULAR.get(last, "").split()
    return [" ".join([*before, form]) for form in forms]


class Objects:
    """Finds the class of a noun phrase. Ids are 1-based, 0 is none."""

    def __init__(self, names: Iterable[str], aliases: Mapping[str, str] | None = None) -> None:
        self._ids = {name.lower(): number for number, name in enumerate(names, 1)}
        self._longest = 1
        own = dict(self._ids)
        for name, number in own.items():
            for form in plurals(name):
                self._ids.setdefault(form, number)
        for alias, name in (aliases or {}).items():
            if name in own:
                self._ids.setdefault(alias, own[name])
        self._add_synonyms(own)
        for name in _MISLEADING:
            for form in [name, *plurals(name)]:
                self._ids.setdefault(form, 0)
        self._longest = max(len(name.split()) for name in self._ids)
        #: The last words of all names.
        self.last_words = frozenset(name.split()[-1] for name in self._ids)
        self._found: dict[str, int] = {}

    def _add_synonyms(self, own: dict[str, int]) -> None:
        for name, text in _SYNONYMS.items():
            words, *phrases = text.split("|")
            for synonym in [*words.split(), *phrases]:
                if name in own:
                    for form in [synonym, *plurals(synonym)]:
                        self._ids.setdefault(form, own[name])

    def may_end(self, word: str) -> bool:
        """Whether a noun phrase with this last word can name a class; False is certain."""
        return word in self.last_words or _bare(word) in self.last_words

    def find(self, phrase: str) -> int:
        """Return the class id of a noun phrase ("a large street light" -> light), or 0."""
        known = self._found.get(phrase)
        if known is None:
            known = self._search(phrase.split())
            if len(self._found) < REMEMBERED_PHRASES:
                self._found[phrase] = known
        return known

    def _search(self, words: list[str]) -> int:
        for length in range(min(self._longest, len(words)), 0, -1):
            name = " ".join(words[-length:])
            number = self._ids.get(name) or self._ids.get(_bare(name))
            if number is not None:
                return number
        return 0


def _bare(name: str) -> str:
    """Without possessive or quotes: man's, 'man'."""
    return name.removesuffix("'s").strip("'-")


def read_aliases(path: Path) -> dict[str, str]:
    """Read Visual Genome's object_alias.txt: one class a line, its name first, then other names, comma-separated.

    Returns other name -> name. Raises InputError where the file cannot be read.
    """
    try:
        text = path.read_text("utf-8", errors="replace")
    except OSError as error:
        raise InputError(
            f"the alias file {path} cannot be read ({error.strerror}); give Visual Genome's object_alias.txt"
        ) from None
    aliases: dict[str, str] = {}
    for line in text.splitlines():
        name, *others = (part.strip().lower() for part in line.split(","))
        for other in filter(None, others):
            aliases.setdefault(other, name)
    return aliases
