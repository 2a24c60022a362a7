"""Hand-corrected triples of captions (FACTUAL's CSV), read into a vocabulary, and how well a rule finds them."""

import csv
import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from relclip.core.errors import InputError
from relclip.core.forms import verb_lemmas
from relclip.core.vocabulary import Vocabulary
from relclip.kb import grammar
from relclip.kb.objects import Objects

#: (subject, predicate, object) names.
Fact = tuple[str, str, str]
Rule = Callable[[str], set[Fact]]

#: Predicates that annotators write with one word -> the word.
ONE_WORD = {
    "covered in": "cover",
    "covering": "cover",
    "laying on": "lie on",
    "lying on": "lie on",
    "lay on": "lie on",
}
HALVES = ("one half", "other half")


class GoldCaption(NamedTuple):
    """A caption and its triples inside the vocabulary."""

    caption: str
    facts: set[Fact]


@dataclass
class Found:
    """Triples found rightly, wrongly and not at all, counted by predicate."""

    right: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)
    missed: Counter[str] = field(default_factory=Counter)

    def shares(self, predicate: str | None = None) -> dict[str, float]:
        """Precision, recall, F1 (0 where there is nothing to divide) and the counts, of one predicate or of all."""
        r, w, m = (
            counter.total() if predicate is None else counter[predicate]
            for counter in (self.right, self.wrong, self.missed)
        )
        shares = {
            "precision": r / max(r + w, 1),
            "recall": r / max(r + m, 1),
            "f1": 2 * r / max(2 * r + w + m, 1),
        }
        return {name: round(value, 4) for name, value in shares.items()} | {
            "right": r,
            "wrong": w,
            "missed": m,
        }

    def by_predicate(self) -> dict[str, dict[str, float]]:
        """The shares of each predicate that was met."""
        return {name: self.shares(name) for name in sorted({*self.right, *self.wrong, *self.missed})}


def gold_words(predicate: str) -> str:
    """A predicate, or a gold triple's, in one way of writing: its verb as a lemma, what means the same as one.

    >>> [gold_words(name) for name in ("sitting on", "wears", "wear", "lay on", "covered in", "in front of")]
    ['sit on', 'wear', 'wear', 'lie on', 'cover', 'in front of']
    """
    first, _, rest = predicate.partition(" ")
    lemma = first if first in grammar.TAG else next(iter(verb_lemmas(first)), first)
    text = ONE_WORD.get(predicate, f"{lemma} {rest}".strip())
    return ONE_WORD.get(text, text)


class Writing:
    """One way of writing for the predicates of a vocabulary that gold does not tell apart.

    `wears` is `wearing`, `laying on` is `lying on`: the first of those that mean the same stands for all;
    (x, covered in, y) is (y, covering, x).
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._names = {"cover": "covering"}
        for name in vocabulary.predicates:
            self._names.setdefault(gold_words(name), name)
        said = {gold_words(name) for name in vocabulary.predicates}
        self._names = {words: name for words, name in self._names.items() if words in said}

    def name(self, words: str) -> str:
        """The predicate that stands for what an annotator wrote, or ''."""
        return self._names.get(gold_words(words), "")

    def of(self, facts: Iterable[Fact]) -> set[Fact]:
        """Mined facts, written so."""
        turned = ((o, p, s) if p == "covered in" else (s, p, o) for s, p, o in facts)
        return {(s, self._names[gold_words(p)], o) for s, p, o in turned}


def read_gold(path: Path, vocabulary: Vocabulary, *, half: str | None = None) -> Iterator[GoldCaption]:
    """Read a CSV with the columns `caption` and `scene_graph`: `( subject , verb lemma , object ) , ...`.

    Nouns go through the same alignment as captions, predicates through `Writing`. `half`: of the pictures, by a digest
    of `image_id`; rules were developed on both.
    Raises InputError where the file is not of this kind.
    """
    objects, writing = Objects(vocabulary.objects), Writing(vocabulary)
    try:
        with path.open(encoding="utf-8", errors="replace", newline="") as file:
            for row in csv.DictReader(file):
                if half is None or _half(row["image_id"]) == half:
                    facts = _facts(row["scene_graph"] or "", objects, vocabulary, writing)
                    yield GoldCaption(row["caption"] or "", facts)
    except OSError as error:
        raise InputError(f"the gold file {path} cannot be read ({error.strerror})") from None
    except (KeyError, ValueError, csv.Error):
        columns = "caption, scene_graph" + (", image_id" if half else "")
        raise InputError(f"the gold file {path} must be a CSV with the columns {columns}") from None


def _half(image_id: str) -> str:
    return HALVES[hashlib.sha256(image_id.encode()).digest()[0] % 2]


def _facts(graph: str, objects: Objects, vocabulary: Vocabulary, writing: Writing) -> set[Fact]:
    found = set()
    for text in re.findall(r"\(([^()]*)\)", graph):
        parts = [part.strip() for part in text.split(" , ")]
        predicate = writing.name(parts[1]) if len(parts) == 3 else ""
        subject, thing = (objects.find(parts[0]), objects.find(parts[2])) if predicate else (0, 0)
        if subject and thing:
            found.add((vocabulary.objects[subject - 1], predicate, vocabulary.objects[thing - 1]))
    return found


def compare(gold: Iterable[GoldCaption], rule: Rule, writing: Writing) -> Found:
    """Count what `rule` finds in the captions against their triples."""
    result = Found()
    for caption in gold:
        found = writing.of(rule(caption.caption))
        for counter, facts in (
            (result.right, found & caption.facts),
            (result.wrong, found - caption.facts),
            (result.missed, caption.facts - found),
        ):
            counter.update(predicate for _, predicate, _ in facts)
    return result
