"""Object names -> classes: aliases, articles, plurals and, if asked, the last word of a longer name."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from relclip.core.errors import InputError
from relclip.core.forms import tidy

Match = Literal["exact", "plural", "last_word"]
ARTICLES = frozenset({"a", "an", "the"})
_IRREGULAR = {"people": "person", "men": "man", "women": "woman", "children": "child", "feet": "foot"} | {
    "teeth": "tooth",
    "mice": "mouse",
    "geese": "goose",
}
#: After one of these the last word is not what the name is about ("leg of table").
_LINKS = frozenset({"of", "on", "in", "with", "and", "for", "at", "by", "from", "to", "near", "under"})
#: Names whose last word is another thing.
_NOT_ITS_LAST_WORD = frozenset(
    {"hot dog", "teddy bear", "sea horse", "rocking horse", "toy car", "toy plane", "corn dog"}
)


class ObjectNames:
    """Finds the class id of a name as annotators write it."""

    def __init__(self, classes: Sequence[str], aliases: Mapping[str, str], match: Match) -> None:
        self._ids = lookup(classes, "object")
        self._aliases = aliases
        self._match = match
        self._known: dict[str, int | None] = {}
        if match != "exact":
            for name, number in list(self._ids.items()):
                for form in singulars(name):  # a class written in the plural is met in the singular too
                    self._ids.setdefault(form, number)

    def find(self, name: str) -> int | None:
        """Return the 1-based class id of `name`, or None if it is outside the vocabulary."""
        if name not in self._known:
            self._known[name] = self._align(name)
        return self._known[name]

    def _align(self, name: str) -> int | None:
        text = without_articles(tidy(name))
        found = self._inflected(text)
        if found is None and self._match == "last_word":
            found = self._last_word(text.split())
        return found

    def _inflected(self, text: str) -> int | None:
        found = self._exact(text)
        if found is None and self._match != "exact":
            found = next((number for form in singulars(text) if (number := self._exact(form))), None)
        return found

    def _exact(self, text: str) -> int | None:
        return self._ids.get(text) or self._ids.get(self._aliases.get(text, ""))

    def _last_word(self, words: list[str]) -> int | None:
        if len(words) < 2 or _LINKS.intersection(words):
            return None
        pairs = [" ".join(words[-2:]), *singulars(" ".join(words[-2:]))]
        return None if _NOT_ITS_LAST_WORD.intersection(pairs) else self._inflected(words[-1])


def singulars(text: str) -> Iterator[str]:
    """Yield what the last word of `text` may be the plural of; which one exists, the vocabulary decides."""
    rest, _, word = text.rpartition(" ")
    start = f"{rest} " if rest else ""
    if word in _IRREGULAR:
        yield start + _IRREGULAR[word]
    if len(word) < 3 or not word.endswith("s") or word.endswith("ss"):
        return
    yield start + word[:-1]
    for ending, singular in (("sses", "s"), ("es", ""), ("ies", "y"), ("ves", "f"), ("ves", "fe")):
        if word.endswith(ending):
            yield start + word.removesuffix(ending) + singular


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
