"""More seeds of every trained row: `make preset NAME=scenes SEEDS=3`. A preset's content in, its content out."""

import copy
from typing import Any

Content = dict[str, Any]


def with_seeds(preset: Content, seeds: int) -> Content:
    """The preset with `seeds` trainings of every run, 0 to seeds - 1, wherever a table or a claim names the first.

    `preset` is the content of a params.yaml. The seeds of a run are entries `<run>_seed1`, `<run>_seed2`, ...; those
    that are there stay. What needs no training has no seeds; a claim names it as often as the other side's runs.
    """
    params = copy.deepcopy(preset)
    for section in ("runs", "refined", "predictions"):
        params[section] = {
            name: entry
            for first, changes in params.get(section, {}).items()
            for name, entry in _entries(section, first, changes, params[section], seeds)
        }
    trained = {first for section in ("runs", "refined", "predictions") for first in preset.get(section, {})}
    firsts = {name for name in trained if not _is_seed(name)}
    predict = params.get("predict", {})
    predict["sgdet"] = _all_of(predict.get("sgdet", []), firsts, seeds)
    _fill_tables(params.get("tables", {}), firsts, seeds)
    return params


def seed_of(run: str, seed: int) -> str:
    """The name of the entry that is `run` with another seed."""
    return f"{run}_seed{seed}" if seed else run


def _is_seed(name: str) -> bool:
    return name.rpartition("_seed")[2].isdecimal() and "_seed" in name


def _entries(
    section: str, name: str, changes: Content, there: Content, seeds: int
) -> list[tuple[str, Content]]:
    """The entry itself, then those of its further seeds that are not there yet."""
    if _is_seed(name):
        return [(name, changes)]
    further = [(seed_of(name, seed), seed) for seed in range(1, seeds)]
    made = [(new, _seeded(section, changes, seed)) for new, seed in further if new not in there]
    return [(name, changes), *made]


def _seeded(section: str, changes: Content, seed: int) -> Content:
    """What the entry changes, for another seed; one that goes on from a run names that seed of the run."""
    begun = {"refined": "start", "predictions": "run"}.get(section)
    if begun is None:
        return {**changes, "seed": changes.get("seed", 0) + seed}
    return {**changes, begun: seed_of(changes[begun], seed)}


def _all_of(names: list[str], firsts: set[str], seeds: int) -> list[str]:
    """Each name with its further seeds behind it, once."""
    return list(
        dict.fromkeys(seed_of(name, seed) for name in names for seed in range(seeds if name in firsts else 1))
    )


def _fill_tables(tables: Content, firsts: set[str], seeds: int) -> None:
    """Every row shows, every claim compares all seeds."""
    for rows in tables.values():
        for row in rows if isinstance(rows, list) else []:
            if "runs" in row:
                row["runs"] = _all_of(row["runs"], firsts, seeds)
    for claim in tables.get("claims", []):
        sides = {side: _all_of(claim[side], firsts, seeds) for side in ("better", "worse")}
        longest = max(map(len, sides.values()))
        claim.update({side: runs * longest if len(runs) == 1 else runs for side, runs in sides.items()})
