"""`found`: the vocabulary is what the data themselves say often enough, in the order of the alphabet."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from relclip.core.entries import as_list, names_of, read_entries
from relclip.core.errors import InputError
from relclip.core.forms import in_gerund, in_singular, tidy
from relclip.core.params.dataset import Dataset, PredicateMatch
from relclip.core.vocabulary import FOUND, MOST_NAMES, Vocabulary, is_plain, load_names
from relclip.dataset.names import without_articles, without_auxiliaries

#: A name is a few words; more is a description, which no classifier should learn as a class.
LONGEST_NAME = 60


def make_vocabulary(
    params: Dataset, raw: Path, object_aliases: Mapping[str, str], predicate_aliases: Mapping[str, str]
) -> Vocabulary:
    """The classes that params.yaml names or that `raw` (the stage's folder) holds.

    Objects: as often as `object_min_count` in objects.json; predicates: as often as `predicate_min_count` in
    relationships.json. Raises InputError where a list cannot be read or nothing is met often enough.
    """
    plural = params.object_match != "exact"
    return Vocabulary(
        found_objects(raw, params.object_min_count, object_aliases, plural)
        if params.objects == FOUND
        else load_names(params.objects, "dataset.objects"),
        found_predicates(raw, params.predicate_min_count, predicate_aliases, params.predicate_match)
        if params.predicates == FOUND
        else load_names(params.predicates, "dataset.predicates"),
    )


def found_objects(raw: Path, least: int, aliases: Mapping[str, str], plural: bool) -> tuple[str, ...]:
    """Names of objects met at least `least` times; with `plural` a plural counts for its singular, if that is met."""
    counts: Counter[str] = Counter()
    for thing in _things(raw / "objects.json", "objects"):
        names = names_of(thing)
        text = without_articles(tidy(names[0])) if names else ""
        counts[aliases.get(text, text)] += 1
    if plural:
        _join(counts, in_singular)
    return _often(counts, least, "objects")


def found_predicates(
    raw: Path, least: int, aliases: Mapping[str, str], match: PredicateMatch
) -> tuple[str, ...]:
    """Predicates met at least `least` times, as `PredicateWords` reads them.

    By `lemma`: without articles and 'is', and 'lies on' counts for 'lying on', if that is met.
    """
    counts: Counter[str] = Counter()
    for thing in _things(raw / "relationships.json", "relationships"):
        words = thing.get("predicate")
        text = tidy(words) if isinstance(words, str) else ""
        if text not in aliases:
            text = without_auxiliaries(without_articles(text)) if match == "lemma" else text
        counts[aliases.get(text, text)] += 1
    if match == "lemma":
        _join(counts, in_gerund)
    return _often(counts, least, "predicates")


def _join(counts: Counter[str], forms: Callable[[str], Iterator[str]]) -> None:
    """Count a name for the first of its other `forms` that is met too, in place."""
    for name in sorted(counts):
        other = next((form for form in forms(name) if form in counts), name)
        if other != name:
            counts[other] += counts.pop(name)


def _things(path: Path, key: str) -> Iterator[dict[str, object]]:
    for entry in read_entries(path):
        yield from (thing for thing in as_list(entry.get(key)) if isinstance(thing, dict))


def _often(counts: Mapping[str, int], least: int, what: str) -> tuple[str, ...]:
    names = sorted(
        name
        for name, count in counts.items()
        if count >= least and name and len(name) <= LONGEST_NAME and is_plain(name)
    )
    if not names or len(names) > MOST_NAMES:
        singular = what.removesuffix("s")
        raise InputError(
            f"dataset.{what}: found met {len(names)} names at least {least} times; from 1 to {MOST_NAMES} are "
            f"possible; change dataset.{singular}_min_count, or give a list"
        )
    return tuple(names)
