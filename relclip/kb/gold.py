"""Hand-corrected triples of captions (FACTUAL's CSV), read into a vocabulary, and how well a rule finds them."""

import csv
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from relclip.core.errors import InputError
from relclip.core.vocabulary import Vocabulary
from relclip.kb.objects import Objects

#: (subject, predicate, object) names.
Fact = tuple[str, str, str]
Rule = Callable[[str], set[Fact]]

#: Verbs as annotators write them -> predicate.
LEMMAS = {
    "carry": "carrying", "cover": "covering", "eat": "eating", "fly in": "flying in", "grow on": "growing on",
    "hang from": "hanging from", "lay on": "lying on", "lie on": "lying on", "mount on": "mounted on",
    "paint on": "painted on", "park on": "parked on", "play": "playing", "ride": "riding", "say": "says",
    "sit on": "sitting on", "stand on": "standing on", "use": "using", "walk in": "walking in", "walk on": "walking on",
    "watch": "watching",
}  # fmt: skip
#: What a lenient reader also takes for the predicate.
LENIENT = {
    "ride on": "riding", "sit on top of": "sitting on", "stand on top of": "standing on", "lay on top of": "lying on",
    "grow on top of": "growing on", "mount on top of": "mounted on", "observe": "watching",
}  # fmt: skip


class GoldCaption(NamedTuple):
    """A caption, its triples inside the vocabulary, and the graph as it was written."""

    caption: str
    facts: set[Fact]
    graph: str


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


def read_gold(
    path: Path, vocabulary: Vocabulary, lemmas: dict[str, str] | None = None
) -> Iterator[GoldCaption]:
    """Read a CSV with the columns `caption` and `scene_graph`: `( subject , verb lemma , object ) , ...`.

    Nouns go through the same alignment as captions. Raises InputError where the file is not of this kind.
    """
    objects, lemmas = Objects(vocabulary.objects), LEMMAS if lemmas is None else lemmas
    try:
        with path.open(encoding="utf-8", errors="replace", newline="") as file:
            for row in csv.DictReader(file):
                graph = row["scene_graph"] or ""
                yield GoldCaption(row["caption"] or "", _facts(graph, objects, vocabulary, lemmas), graph)
    except OSError as error:
        raise InputError(f"the gold file {path} cannot be read ({error.strerror})") from None
    except (KeyError, csv.Error):
        raise InputError(
            f"the gold file {path} must be a CSV with the columns caption, scene_graph"
        ) from None


def _facts(graph: str, objects: Objects, vocabulary: Vocabulary, lemmas: dict[str, str]) -> set[Fact]:
    found = set()
    for text in re.findall(r"\(([^()]*)\)", graph):
        parts = [part.strip() for part in text.split(" , ")]
        if len(parts) == 3 and lemmas.get(parts[1]) in vocabulary.predicate_ids:
            subject, thing = objects.find(parts[0]), objects.find(parts[2])
            if subject and thing:
                found.add((vocabulary.objects[subject - 1], lemmas[parts[1]], vocabulary.objects[thing - 1]))
    return one_way(found)


def one_way(facts: set[Fact]) -> set[Fact]:
    """(x, covered in, y) as (y, covering, x): annotators write `cover` for both."""
    return {(o, "covering", s) if p == "covered in" else (s, p, o) for s, p, o in facts}


def compare(
    gold: Iterator[GoldCaption], rule: Rule, show: Callable[[GoldCaption, set[Fact]], None] | None = None
) -> Found:
    """Count what `rule` finds in the captions against their triples; `show` sees each caption with what was found."""
    result = Found()
    for caption in gold:
        found = one_way(rule(caption.caption))
        for counter, facts in (
            (result.right, found & caption.facts),
            (result.wrong, found - caption.facts),
            (result.missed, caption.facts - found),
        ):
            counter.update(predicate for _, predicate, _ in facts)
        if show:
            show(caption, found)
    return result
