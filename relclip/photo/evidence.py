"""What the knowledge base says for a triplet: how often captions said it, and some of these sentences."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from relclip.core import captions
from relclip.core.parquet import EVIDENCE, TRIPLETS, read_table
from relclip.core.vocabulary import Vocabulary

SENTENCES, LONGEST = 5, 300
Names = tuple[str, str, str]


@dataclass(frozen=True)
class Support:
    """`count`: mentions in all captions; `sentences`: the first few of these, in the order of their ids."""

    count: int
    sentences: tuple[str, ...] = ()


@dataclass(frozen=True)
class Knowledge:
    """Every triplet that captions said; one that is not in here was never said."""

    known: dict[Names, Support] = field(default_factory=dict)

    def of(self, subject: str, predicate: str, object_: str) -> Support:
        """What supports this triplet."""
        return self.known.get((subject, predicate, object_), Support(0))


def load_knowledge(data: Path, vocabulary: Vocabulary) -> Knowledge | None:
    """Read data/kb and, where it is there, data/raw/captions.tsv. None where no knowledge base was mined.

    Raises ContractError or InputError where a file is broken.
    """
    folder, sentences = data / "kb", data / "raw" / "captions.tsv"
    if not (folder / "triplets.parquet").is_file():
        return None
    table = read_table(folder / "triplets.parquet", TRIPLETS)
    keys = _keys(table)
    counts = dict(zip(keys, table["count"].to_pylist(), strict=True))
    ids = _first_ids(folder / "evidence.parquet") if sentences.is_file() else {}
    wanted = {caption for some in ids.values() for caption in some}
    texts = captions.texts([sentences], wanted) if wanted else {}
    known = {}
    for key, count in counts.items():
        said = tuple(texts[caption][:LONGEST] for caption in ids.get(key, ()) if caption in texts)
        known[_names(key, vocabulary)] = Support(int(count), said)
    return Knowledge(known)


def _first_ids(path: Path) -> dict[tuple[int, ...], list[str]]:
    """Triplet -> the ids of its first captions. A knowledge base without evidence has none."""
    if not path.is_file():
        return {}
    table = read_table(path, EVIDENCE)
    keys = np.array(_keys(table), np.int64).reshape(-1, 3)
    order = np.lexsort((keys[:, 2], keys[:, 1], keys[:, 0]))
    keys = keys[order]
    starts = np.flatnonzero(np.r_[True, (keys[1:] != keys[:-1]).any(axis=1)][: len(keys)])
    place = _place_in_group(starts, len(keys))
    rows = np.flatnonzero(place < SENTENCES)
    found: dict[tuple[int, ...], list[str]] = {}
    for key, caption in zip(
        keys[rows].tolist(), table["caption_id"].take(order[rows]).to_pylist(), strict=True
    ):
        found.setdefault(tuple(key), []).append(caption)
    return found


def _place_in_group(starts: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """(count,) how many rows of its group stand before each row."""
    lengths = np.diff(np.append(starts, count))
    return np.arange(count) - np.repeat(starts, lengths)


def _keys(table: object) -> list[tuple[int, int, int]]:
    columns = [table[name].to_pylist() for name in TRIPLETS.names[:3]]  # type: ignore[index]
    return list(zip(*columns, strict=True))


def _names(key: tuple[int, int, int], vocabulary: Vocabulary) -> Names:
    """Ids that this vocabulary lacks stay as numbers, so that no name is wrong."""
    names = []
    for number, known in zip(
        key, (vocabulary.objects, vocabulary.predicates, vocabulary.objects), strict=True
    ):
        names.append(known[number - 1] if 1 <= number <= len(known) else f"#{number}")
    return names[0], names[1], names[2]
