"""Noun phrases -> object classes: the shared table of forms, synonyms; the longest name at the end of a phrase wins."""

from collections.abc import Iterable, Mapping

from relclip.core.forms import name_forms, name_table, spellings, tidy
from relclip.kb.grammar import WORDS

REMEMBERED_PHRASES = 500_000


class Objects:
    """Finds the class of a noun phrase. Ids are 1-based, 0 is none."""

    def __init__(self, names: Iterable[str], aliases: Mapping[str, str] | None = None) -> None:
        own = {name: number for number, name in enumerate(names, 1)}
        self._ids = name_table(own, aliases or {})
        tidied = {tidy(name): number for name, number in own.items()}
        others = dict.fromkeys(WORDS["misleading"], 0)
        others |= {
            one: tidied[name] for name, some in WORDS["synonyms"].items() if name in tidied for one in some
        }
        for other, number in others.items():
            for form in name_forms(other):
                self._ids.setdefault(form, number)
        self._longest = max(len(name.split()) for name in self._ids)
        #: The last words of all names.
        ends = (name.replace("-", " ").split()[-1:] for name in self._ids)
        self.last_words = frozenset(word for end in ends for word in end)
        self._found: dict[str, int] = {}

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
        # not `in`: what was met before and is no class is remembered here too
        wanted = any(self.get(one) for one in (last, last.removesuffix("s"), word.replace("-", "")))
        if len(self) < REMEMBERED_PHRASES:
            self[word] = wanted
        return wanted
