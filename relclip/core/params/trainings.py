"""Seeds: an entry of `runs` with `seeds: [0, 1, 2]` is three trainings, wherever the run is named.

The training of the first seed is called like the run, that of another seed k `<run>_seed<k>`: these are the names of
folders, of rows in MLflow and of commands. A refined run and a prediction have the seeds of the run they go on from,
or those of them that their own `seeds` list.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from relclip.core.errors import ParamsError

Content = dict[str, Any]
#: More trainings of one run than anybody waits for.
MOST_SEEDS = 100
#: Seed -> the training's name.
TrainingOfSeed = Mapping[int, str]
#: Section -> the key of an entry that names what it goes on from; none: it is trained from nothing.
START = {"runs": "", "refined": "start", "predictions": "run"}


def trainings(content: Mapping[str, Any]) -> dict[str, TrainingOfSeed]:
    """Run, refined run or prediction -> its trainings. Raises ParamsError where `seeds` is no list of seeds."""
    usual = _mapping(content.get("train")).get("seed", 0)
    found: dict[str, TrainingOfSeed] = {}
    for section, key in START.items():
        for name, entry in _mapping(content.get(section)).items():
            about = _mapping(entry)
            before = _begun_from(about, key, found)
            own = about.get("seed", usual)
            alone = [own if isinstance(own, int) else 0]  # what else stands there is refused with its section
            seeds = _seeds(f"{section}.{name}", about, list(before) if key else alone)
            if key and before and not set(seeds) <= set(before):
                raise ParamsError(
                    f"{section}.{name}.seeds is {seeds}; {about[key]} has the seeds {list(before)}"
                )
            found[name] = {seed: f"{name}_seed{seed}" if place else name for place, seed in enumerate(seeds)}
    return found


def _seeds(place: str, entry: Mapping[str, Any], usual: list[int]) -> list[int]:
    if "seeds" not in entry:
        return usual
    seeds = entry["seeds"]
    fits = (
        isinstance(seeds, list)
        and 1 <= len(seeds) <= MOST_SEEDS
        and all(type(seed) is int and 0 <= seed < 2**32 for seed in seeds)
    )
    if not fits or len(set(seeds)) < len(seeds) or "seed" in entry:
        raise ParamsError(
            f"{place}.seeds is {seeds!r}{' beside a seed' if 'seed' in entry else ''}; give a list of "
            f"at most {MOST_SEEDS} numbers, each once, such as [0, 1, 2], and no seed"
        )
    return list(seeds)


def with_trainings(content: Content) -> Content:
    """The content with an entry a training instead of an entry a run. Raises ParamsError where two have one name."""
    names = trainings(content)
    found = dict(content)
    for section, key in START.items():
        entries = content.get(section)
        if isinstance(entries, dict):
            made = [one for name in entries for one in _entries(entries[name], key, name, names)]
            found[section] = dict(made)
            if len(found[section]) < len(made):
                twice = next(name for place, (name, _) in enumerate(made) if name in dict(made[:place]))
                raise ParamsError(
                    f"{section} has the entry '{twice}' and a run with that seed: the run's `seeds` are enough, so "
                    "take the entry out"
                )
    return found


def _entries(
    entry: Any, key: str, name: str, names: Mapping[str, TrainingOfSeed]
) -> Iterator[tuple[str, Any]]:
    """(training, its entry) of each seed of a run."""
    about, before = _mapping(entry), _begun_from(entry, key, names)
    kept = {field: value for field, value in about.items() if field != "seeds"}
    if not names[name] or not (key or "seeds" in about):
        yield name, entry
    elif key and not before:
        yield name, kept  # its own check says what it may go on from
    else:
        for seed, training in names[name].items():
            yield training, kept | ({key: before[seed]} if key else {"seed": seed})


def further(content: Mapping[str, Any]) -> dict[str, dict[str, dict[str, str]]]:
    """The trainings of further seeds, by section: name -> its entry, and where it starts, of which entry."""
    names = trainings(content)
    return {
        section: {
            training: {"entry": name} | ({"start": before[seed], "start_entry": entry[key]} if key else {})
            for name, entry in _mapping(content.get(section)).items()
            if (before := _begun_from(entry, key, names)) or not key
            for seed, training in list(names[name].items())[1:]
        }
        for section, key in START.items()
    }


def _begun_from(entry: Any, key: str, names: Mapping[str, TrainingOfSeed]) -> TrainingOfSeed:
    """The trainings that an entry goes on from; {} where it names none that is there."""
    start = _mapping(entry).get(key)
    return names.get(start, {}) if isinstance(start, str) else {}


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
