"""What the page's search knows of the knowledge base: triplets, their counts, a few sentences each; bounded."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from relclip.core import captions, parquet
from relclip.core.explorer import LONGEST
from relclip.core.vocabulary import Vocabulary
from relclip.tables.sources import KnowledgeBase

SENTENCES = 3
#: The most frequent come first, so that the page stays small whatever the corpus: about 3 MB at worst.
MOST_TRIPLETS = 20_000
MOST_SENTENCES = 8_000
_KEY = parquet.EVIDENCE.names[:3]


def explorer_data(
    knowledge: KnowledgeBase, vocabulary: Vocabulary, kb: Path, corpus: Path | None
) -> dict[str, Any]:
    """Return the data of `relclip.core.explorer`; without a corpus the triplets have no sentences.

    At most SENTENCES a triplet, the first by caption id; the most frequent triplets get theirs first. Raises
    ContractError or InputError where a file is absent or broken.
    """
    triplets = knowledge.triplets
    order = np.lexsort([*(triplets[name] for name in reversed(_KEY)), -triplets["count"]])[:MOST_TRIPLETS]
    keys = list(zip(*(triplets[name][order].tolist() for name in _KEY), strict=True))
    chosen = _caption_ids(kb / "evidence.parquet", keys) if corpus else {}
    texts = captions.texts([corpus], {one for ids in chosen.values() for one in ids}) if corpus else {}
    places = {caption: place for place, caption in enumerate(texts)}
    rows = [
        [*key, count, [places[one] for one in chosen.get(key, []) if one in places]]
        for key, count in zip(keys, triplets["count"][order].tolist(), strict=True)
    ]
    return {
        "objects": vocabulary.objects,
        "predicates": vocabulary.predicates,
        "captions": [[caption, text[:LONGEST]] for caption, text in texts.items()],
        "triplets": rows,
    }


def _caption_ids(path: Path, keys: list[tuple[int, ...]]) -> Mapping[tuple[int, ...], list[str]]:
    """Triplet -> its first caption ids, MOST_SENTENCES in all, in the order of `keys`."""
    table = parquet.read_table(path, parquet.EVIDENCE)
    columns = np.stack([table[name].to_numpy().astype(np.int64) for name in _KEY], axis=1)
    starts = _starts(columns)
    ends = [*starts[1:].tolist(), len(columns)]
    spans = {
        tuple(columns[start].tolist()): (start, end) for start, end in zip(starts.tolist(), ends, strict=True)
    }
    found: dict[tuple[int, ...], list[str]] = {}
    left = MOST_SENTENCES
    for key in keys:
        start, end = spans.get(key, (0, 0))
        found[key] = table["caption_id"].slice(start, min(end - start, SENTENCES, left)).to_pylist()
        left -= len(found[key])
    return found


def _starts(columns: NDArray[np.int64]) -> NDArray[np.int64]:
    """Where each triplet's rows begin: a file in the contract's order keeps them together."""
    if not len(columns):
        return np.empty(0, np.int64)
    return np.flatnonzero(np.r_[True, (columns[1:] != columns[:-1]).any(axis=1)])
