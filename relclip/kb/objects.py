"""Noun phrases -> object classes: the shared table of forms, synonyms; the longest name at the end of a phrase wins."""

from collections.abc import Iterable, Mapping

from relclip.core.forms import name_forms, name_table, spellings, tidy

REMEMBERED_PHRASES = 500_000

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
    "railing": "handrail",
    "shirt": "tshirt",
}


class Objects:
    """Finds the class of a noun phrase. Ids are 1-based, 0 is none."""

    def __init__(self, names: Iterable[str], aliases: Mapping[str, str] | None = None) -> None:
        own = {name: number for number, name in enumerate(names, 1)}
        self._ids = name_table(own, aliases or {})
        self._add_synonyms({tidy(name): number for name, number in own.items()})
        for name in _MISLEADING:
            for form in name_forms(name):
                self._ids.setdefault(form, 0)
        self._longest = max(len(name.split()) for name in self._ids)
        #: The last words of all names.
        ends = (name.replace("-", " ").split()[-1:] for name in self._ids)
        self.last_words = frozenset(word for end in ends for word in end)
        self._found: dict[str, int] = {}

    def _add_synonyms(self, own: Mapping[str, int]) -> None:
        for name, text in _SYNONYMS.items():
            words, *phrases = text.split("|")
            for synonym in [*words.split(), *phrases]:
                if name in own:
                    for form in name_forms(synonym):
                        self._ids.setdefault(form, own[name])

    def find(self, phrase: str) -> int:
        """Return the class id of a noun phrase ("a large street light" -> light), or 0."""
        known = self._found.get(phrase)
        if known is None:
            known = next((number for form in spellings(phrase) if (number := self._search(form))), 0)
            if len(self._found) < REMEMBERED_PHRASES:
                self._found[phrase] = known
        return known

    def _search(self, phrase: str) -> int:
        words = phrase.split()
        for length in range(min(self._longest, len(words)), 0, -1):
            name = " ".join(words[-length:])
            number = self._ids.get(name)
            if number is None:
                number = self._ids.get(name.strip("'-").removesuffix("s"))
            if number is not None:
                return number
        return 0


class Wanted(dict[str, bool]):
    """Last word of a noun phrase -> whether the phrase may name a class; False is certain."""

    def __init__(self, last_words: Iterable[str]) -> None:
        super().__init__(dict.fromkeys([*last_words, "it", "them"], True))

    def __missing__(self, word: str) -> bool:
        last = word.strip("'-").rpartition("-")[2]
        wanted = any(one in self for one in (last, last.removesuffix("s"), word.replace("-", "")))
        if len(self) < REMEMBERED_PHRASES:
            self[word] = wanted
        return wanted
