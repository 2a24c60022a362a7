"""How good a knowledge base is: coverage of annotated relations, precision of its rules on hand-corrected triples."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from relclip.core.annotations import load_annotations, read_triplets
from relclip.core.errors import InputError
from relclip.core.json_file import read_json
from relclip.core.vocabulary import Vocabulary
from relclip.kb.align import Language, Miner, Triplet, named
from relclip.kb.folders import described
from relclip.kb.gold import HALVES, Found, Writing, compare, read_gold
from relclip.kb.objects import Objects


def judge(
    kb: Path,
    datasets: Sequence[Path] = (),
    relationships: Sequence[Path] = (),
    gold: Sequence[Path] = (),
    *,
    aliases: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Judge a mined folder by annotated relations and by hand-corrected triples; what is not given is left out.

    `datasets`: folders of the dataset stage. `relationships`: Visual Genome's relationships.json. `gold`: FACTUAL's
    CSV. Returns {"coverage": [...], "gold": [...]}, an entry a source: in all and by predicate.
    Raises InputError or ContractError where a source or the folder is not what it should be.
    """
    mined = described(kb)
    vocabulary = mined.names
    known = set(map(tuple, read_triplets(kb, vocabulary).tolist()))
    miner = Miner(vocabulary, Language(aliases or {}), mined.backend)
    sources: list[tuple[Path, Iterable[Triplet]]] = [
        *((path, dataset_relations(path, vocabulary)) for path in datasets),
        *((path, annotated_relations(path, vocabulary, aliases)) for path in relationships),
    ]
    return {
        "coverage": [{"source": path.name, **coverage(known, rows, vocabulary)} for path, rows in sources],
        "gold": [{"source": path.name, **_gold(path, miner, vocabulary)} for path in gold],
    }


def coverage(known: set[Any], relations: Iterable[Triplet], vocabulary: Vocabulary) -> dict[str, Any]:
    """Share of the relations whose classes and predicate the knowledge base knows: in all and by predicate.

    >>> words = Vocabulary(("man", "horse"), ("riding", "watching"))
    >>> coverage({(1, 1, 2)}, [(1, 1, 2), (1, 1, 2), (1, 2, 2)], words)["coverage"]
    0.6667
    """
    every: Counter[int] = Counter()
    covered: Counter[int] = Counter()
    for triplet in relations:
        every[triplet[1]] += 1
        covered[triplet[1]] += triplet in known
    return {
        **_share(every.total(), covered.total()),
        "predicates": {
            name: _share(every[number], covered[number])
            for number, name in enumerate(vocabulary.predicates, 1)
            if every[number]
        },
    }


def _share(relations: int, covered: int) -> dict[str, float]:
    return {"relations": relations, "covered": covered, "coverage": round(covered / max(relations, 1), 4)}


def dataset_relations(folder: Path, vocabulary: Vocabulary) -> Iterator[Triplet]:
    """The (subject class, predicate, object class) of every relation of a dataset folder, of the same vocabulary."""
    data = load_annotations(folder)
    if data.vocabulary != vocabulary:
        raise InputError(
            f"{folder} has another vocabulary than the knowledge base; mine the captions with its own"
        )
    yield from map(tuple, data.triplets().tolist())


def annotated_relations(
    path: Path, vocabulary: Vocabulary, aliases: Mapping[str, str] | None = None
) -> Iterator[Triplet]:
    """The relations of Visual Genome's relationships.json inside the vocabulary; `sit on` is read as `sitting on`."""
    objects, writing = Objects(vocabulary.objects, aliases), Writing(vocabulary)
    for relation in _relationships(path):
        predicate = str(relation.get("predicate")).lower().strip()
        number = vocabulary.predicate_ids.get(predicate) or vocabulary.predicate_ids.get(
            writing.name(predicate), 0
        )
        subject, thing = (objects.find(_name(relation.get(end))) for end in ("subject", "object"))
        if number and subject and thing:
            yield subject, number, thing


def _relationships(path: Path) -> Iterator[dict[str, Any]]:
    images = read_json(path, "it must look like Visual Genome's relationships.json", InputError)
    try:
        for image in images:
            yield from (relation for relation in image["relationships"] if isinstance(relation, dict))
    except (TypeError, KeyError):
        raise InputError(
            f'{path} must look like Visual Genome\'s relationships.json: [{{"relationships": [...]}}]'
        ) from None


def _name(thing: Any) -> str:
    if not isinstance(thing, dict):
        return ""
    names = thing.get("names")
    name = thing.get("name") or (names[0] if isinstance(names, list) and names else "")
    return str(name).lower().strip()


def _gold(path: Path, miner: Miner, vocabulary: Vocabulary) -> dict[str, Any]:
    """In all, by predicate, and of each half of the pictures."""

    def score(half: str | None) -> Found:
        gold = read_gold(path, vocabulary, half=half)
        return compare(
            gold, lambda caption: set(named(miner.triplets(caption), vocabulary)), Writing(vocabulary)
        )

    found = score(None)
    return {
        **found.shares(),
        "predicates": found.by_predicate(),
        "halves": {h: score(h).shares() for h in HALVES},
    }
