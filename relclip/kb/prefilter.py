"""Which captions need no parsing: those without a verb of the vocabulary's predicates or without two class names.

Each test is one regular expression over a whole block (RE2 inside Arrow); it may let a caption through for nothing but
must not lose one, which a test on real captions holds.
"""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from relclip.core.captions import Block
from relclip.core.vocabulary import Vocabulary
from relclip.kb import grammar

#: Words that may stand between a verb and its preposition (sitting down quietly on, sitting and waiting on).
BETWEEN = 4


class Candidates(NamedTuple):
    """The lines of a block that may hold a triplet, and the counts of all its lines."""

    lines: list[str]
    captions: int
    without_tab: int
    not_utf8: int


def candidates(block: Block, patterns: Sequence[str]) -> Candidates:
    """Decode a block (undecodable bytes become U+FFFD) and keep the lines that match all `patterns`."""
    text, not_utf8 = block.decode()
    lines = pa.array(text.split("\n")[: block.lines], pa.string())
    with_tab = pc.match_substring(lines, "\t")
    captions = pc.sum(with_tab).as_py() or 0
    lines = lines.filter(with_tab)
    for pattern in patterns:
        lines = lines.filter(pc.match_substring_regex(lines, pattern))
    return Candidates(lines.to_pylist(), captions, block.lines - captions, not_utf8)


def verb_pattern(vocabulary: Vocabulary) -> str:
    """A regular expression (RE2) that finds the verbs of the vocabulary's predicates, with their prepositions."""
    names = set(vocabulary.predicates)
    parts = []
    for verb in grammar.VERBS:
        forms = _any(verb.forms())
        prepositions = [word for word, predicate in verb.prepositions if predicate in names]
        if verb.direct in names or (verb.direct == "covering" and "covered in" in names):
            parts.append(forms)
        elif prepositions:
            parts.append(rf"{forms}(?:[^\w]+[\w'-]+){{0,{BETWEEN}}}?[^\w]+{_any(prepositions)}")
    return rf"(?i)\b{_any(parts, escape=False)}\b"


def two_words_pattern(words: Iterable[str]) -> str:
    """A regular expression (RE2) that finds two of `words`, the last words of the classes' names."""
    word = rf"\b{_any(sorted(words))}\b"
    return rf"(?i){word}.*{word}"


def _any(words: Sequence[str], escape: bool = True) -> str:
    return f"(?:{'|'.join(map(re.escape, words) if escape else words)})"
