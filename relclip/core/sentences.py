"""Which sentences triplets of the knowledge base came from, and the data of the page that looks them up."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from relclip.core import captions
from relclip.core.page import LETTERS_SHOWN
from relclip.core.parquet import EVIDENCE, TRIPLET, read_table
from relclip.core.vocabulary import Vocabulary

Triplet = tuple[int, ...]  # subject class, predicate, object class
Ids = dict[Triplet, list[str]]


def sentences_of(
    evidence: Path, files: Sequence[Path], triplets: Iterable[Triplet], each: int, most: int | None = None
) -> tuple[Ids, dict[str, str]]:
    """`caption_ids`, and what those captions say, as far as the caption `files` have them."""
    ids = caption_ids(evidence, triplets, each, most)
    return ids, captions.texts(files, {caption for some in ids.values() for caption in some})


def explorer_data(
    vocabulary: Vocabulary, rows: Iterable[Sequence[int]], ids: Ids, texts: Mapping[str, str]
) -> dict[str, Any]:
    """The explorer's data (`relclip.core.page`). rows: triplets, each with its count; ids, texts: of `sentences_of`."""
    places = {caption: place for place, caption in enumerate(texts)}
    return {
        "objects": vocabulary.objects,
        "predicates": vocabulary.predicates,
        "captions": [[caption, text[:LETTERS_SHOWN]] for caption, text in texts.items()],
        "triplets": [
            [*row, [places[one] for one in ids.get(tuple(row[:3]), ()) if one in places]] for row in rows
        ],
    }


def caption_ids(path: Path, triplets: Iterable[Triplet], each: int, most: int | None = None) -> Ids:
    """The first `each` caption ids of some triplets, at most `most` in all: the earlier triplets get theirs first."""
    table = read_table(path, EVIDENCE).sort_by([(name, "ascending") for name in EVIDENCE.names])
    columns = np.stack([table[name].to_numpy().astype(np.int64) for name in TRIPLET.names], axis=1)
    starts = np.flatnonzero(np.r_[True, (columns[1:] != columns[:-1]).any(axis=1)][: len(columns)])
    ends = [*starts[1:].tolist(), len(columns)]
    spans = dict(
        zip(map(tuple, columns[starts].tolist()), zip(starts.tolist(), ends, strict=True), strict=False)
    )
    left = table.num_rows if most is None else most
    found: Ids = {}
    for triplet in triplets:
        if not left:
            break
        start, end = spans.get(triplet, (0, 0))
        found[triplet] = table["caption_id"].slice(start, min(end - start, each, left)).to_pylist()
        left -= len(found[triplet])
    return found
