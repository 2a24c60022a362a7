"""Object names -> classes: aliases, articles, plurals and, if asked, the last word of a longer name."""

from collections.abc import Mapping, Sequence
from typing import Literal

from relclip.core.errors import InputError
from relclip.core.forms import in_singular, name_table, spellings, tidy

Match = Literal["exact", "plural", "last_word"]
ARTICLES = frozenset({"a", "an", "the"})
#: After one of these the last word is not what the name is about ("leg of table").
_LINKS = frozenset({"of", "on", "in", "with", "and", "for", "at", "by", "from", "to", "near", "under"})
#: Names whose last word is another thing.
_NOT_ITS_LAST_WORD = frozenset(
    {"hot dog", "teddy bear", "sea horse", "rocking horse", "toy car", "toy plane", "corn dog"}
)


class ObjectNames:
    """Finds the class id of a name as annotators write it."""

    def __init__(self, classes: Sequence[str], aliases: Mapping[str, str], match: Match) -> None:
        exact = match == "exact"
        self._ids = name_table(lookup(classes, "object"), aliases, exact=exact)
        self._match = match
        self._known: dict[str, int | None] = {}

    def find(self, name: str) -> int | None:
        """Return the 1-based class id of `name`, or None if it is outside the vocabulary."""
        if name not in self._known:
            self._known[name] = self._align(name)
        return self._known[name]

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
                f"the {what} class '{name}' stands twice in the vocabulary (case apart); remove one"
            )
        ids[tidy(name)] = number
    return ids
