"""What the knowledge base says for a triplet: how often captions said it, and some of these sentences."""

from dataclasses import dataclass, field
from pathlib import Path

from relclip.core.page import LETTERS_SHOWN
from relclip.core.parquet import TRIPLET, TRIPLETS, read_table
from relclip.core.sentences import sentences_of
from relclip.core.vocabulary import Vocabulary

SENTENCES = 5
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
    folder, corpus = data / "kb", data / "raw" / "captions.tsv"
    if not (folder / "triplets.parquet").is_file():
        return None
    table = read_table(folder / "triplets.parquet", TRIPLETS)
    triplets = list(zip(*(table[name].to_pylist() for name in TRIPLET.names), strict=True))
    evidence = folder / "evidence.parquet"
    there = corpus.is_file() and evidence.is_file()
    ids, texts = sentences_of(evidence, [corpus], triplets, SENTENCES) if there else ({}, {})
    known = {}
    for triplet, count in zip(triplets, table["count"].to_pylist(), strict=True):
        said = tuple(texts[caption][:LETTERS_SHOWN] for caption in ids.get(triplet, ()) if caption in texts)
        known[_names(triplet, vocabulary)] = Support(int(count), said)
    return Knowledge(known)


def _names(triplet: tuple[int, ...], vocabulary: Vocabulary) -> Names:
    """Ids that this vocabulary lacks stay as numbers, so that no name is wrong."""
    lists = (vocabulary.objects, vocabulary.predicates, vocabulary.objects)
    subject, predicate, object_ = (
        known[number - 1] if 1 <= number <= len(known) else f"#{number}"
        for number, known in zip(triplet, lists, strict=True)
    )
    return subject, predicate, object_
