"""Which captions need no parsing: those without a verb of the vocabulary's predicates or without two class names.

Each test is one regular expression over a whole block (RE2 inside Arrow); it may let a caption through for nothing but
must not lose one, which a test on real captions holds.
"""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from relclip.core.captions import Block, line_ends
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
    """Keep the lines of a block whose captions match all `patterns`. Undecodable bytes become U+FFFD."""
    text, not_utf8 = block.utf8()
    captions, lines, without_tab = _views(text)
    rows = np.arange(len(captions))
    for pattern in patterns:
        matches = pc.match_substring_regex(captions, pattern)
        captions, rows = captions.filter(matches), rows[matches.to_numpy(zero_copy_only=False)]
    return Candidates(lines.take(pa.array(rows)).to_pylist(), len(lines) - without_tab, without_tab, not_utf8)


def _views(text: bytes) -> tuple[pa.Array, pa.Array, int]:
    """Of some lines: the captions (an empty one where there is no tab), the whole lines, how many have no tab.

    The bytes are not copied: Arrow strings are offsets into them.
    """
    ends = line_ends(text)
    starts = np.append(0, ends[:-1])
    tabs = np.append(np.flatnonzero(np.frombuffer(text, np.uint8) == ord("\t")), len(text))
    tab = tabs[np.searchsorted(tabs, starts)]
    has_tab = tab < ends
    halves = np.stack([starts, np.where(has_tab, tab, starts)], axis=1).ravel()
    captions = _strings(text, np.append(halves, len(text))).take(pa.array(np.arange(0, len(halves), 2)))
    return captions, _strings(text, np.append(starts, len(text))), int((~has_tab).sum())


def _strings(text: bytes, offsets: NDArray[np.int64]) -> pa.Array:
    buffers = pa.py_buffer(offsets), pa.py_buffer(text)
    return pa.LargeStringArray.from_buffers(len(offsets) - 1, *buffers)


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
