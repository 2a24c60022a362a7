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
from relclip.kb.plain import SUSPECT, plain
from relclip.kb.predicates import Grammar

#: Words that may stand between a verb and its preposition (sitting down quietly on, sitting and waiting on).
BETWEEN = 4


class Candidates(NamedTuple):
    """The lines of a block that may hold a triplet, their captions made plain, and the counts of all its lines."""

    lines: list[str]
    plain: list[str]
    captions: int
    without_tab: int
    not_utf8: int


def candidates(block: Block, patterns: Sequence[str]) -> Candidates:
    """Keep the lines of a block whose captions match all `patterns`. Undecodable bytes become U+FFFD."""
    text, not_utf8 = block.utf8()
    captions, lines, without_tab = _views(text)
    captions = _plain(captions)
    rows = np.arange(len(captions))
    for pattern in filter(None, patterns):
        matches = pc.match_substring_regex(captions, pattern)
        captions, rows = captions.filter(matches), rows[matches.to_numpy(zero_copy_only=False)]
    kept = lines.take(pa.array(rows)).to_pylist()
    return Candidates(
        lines=kept,
        plain=captions.to_pylist(),
        captions=len(lines) - without_tab,
        without_tab=without_tab,
        not_utf8=not_utf8,
    )


def _plain(captions: pa.Array) -> pa.Array:
    """The captions as `kb.plain.plain` has them; few need it."""
    suspect = pc.match_substring_regex(captions, SUSPECT)
    if not pc.any(suspect).as_py():
        return captions
    return pc.replace_with_mask(
        captions, suspect, pa.array(map(plain, captions.filter(suspect).to_pylist()), captions.type)
    )


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


def predicates_pattern(grammar: Grammar) -> str:
    """A regular expression (RE2) that finds the verbs of the predicates, before or after their prepositions.

    Where prepositions alone state a predicate, hardly a caption is without one: then it lets all through.
    """
    if grammar.links or grammar.has:
        return ""
    alone = [word for word, act in grammar.acts.items() if act.direct or len(act.known.agents) > 1]
    parts = [_any(alone)] if alone else []
    turned: list[str] = []
    verbs: dict[tuple[str, ...], list[str]] = {}
    for word, act in grammar.acts.items():
        if word not in alone:
            verbs.setdefault(tuple(sorted({name.split("_")[0] for name in act.prepositions})), []).append(
                word
            )
    for prepositions, forms in verbs.items():
        if prepositions:
            first, then = _any(forms), _any([name.split(" ")[0] for name in prepositions])
            parts.append(rf"{first}(?:[^\w]+[\w'-]+){{0,{BETWEEN}}}?[^\w]+{then}")
            parts.append(rf"there\b.*{then}\b.*\b{first}|{then}\W+which\b.*\b{first}")
            turned.append(rf"{then}\b.*\b{first}")
    begun = rf"|(?:^|\band\b|[,.;:])\W*{_any(turned, escape=False)}" if turned else ""
    return rf"(?i)(?:\b{_any(parts, escape=False)}{begun})\b"


def usable(pattern: str) -> str:
    """The pattern, or '', which lets all captions through, where a vocabulary makes it too large for RE2."""
    try:
        pc.match_substring_regex(pa.array([""]), pattern)
    except pa.ArrowInvalid:
        return ""
    return pattern


def two_words_pattern(words: Iterable[str]) -> str:
    """A regular expression (RE2) that finds two of `words`, the last words of the classes' names; laptop as lap-top."""
    word = rf"\b{_any(list(map(_hyphened, sorted(words))), escape=False)}\b"
    return rf"(?i){word}.*{word}"


def _any(words: Sequence[str], escape: bool = True) -> str:
    return f"(?:{'|'.join(map(re.escape, words) if escape else words)})"


def _hyphened(word: str) -> str:
    """A pattern of a word that may be written with a hyphen between any two letters of its middle."""
    return (
        re.escape(word[:2]) + "-?".join(map(re.escape, word[2:-2])) + re.escape(word[max(len(word) - 2, 2) :])
    )
