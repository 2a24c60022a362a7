"""The paper's claims as paired differences: the same test images, both runs, seed by seed."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from relclip.core.json_file import read_json
from relclip.core.metrics import metric_label
from relclip.core.recall import JUDGED_ON, MAIN_NAMES
from relclip.tables.grid import NOT_BUILT
from relclip.tables.layout import TASKS
from relclip.tables.page import signed
from relclip.tables.sources import written_by

VERDICTS = ("holds", "holds at one seed", "undecided", "does not hold at one seed", "does not hold")
HEADER = (
    *("claim", "task", "better", "worse", "judged_on", "metric"),
    *("difference", "low", "high", "verdict", "seeds"),
)


@dataclass(frozen=True)
class Difference:
    """Better minus worse in percentage points, with a 95 % paired bootstrap interval.

    `seeds`: the difference of each pair of trainings, whose mean is `difference`.
    """

    judged: str
    metric: str
    difference: float
    low: float
    high: float
    seeds: tuple[float, ...] = ()

    @property
    def verdict(self) -> str:
        """Whether the claim is borne out: decided where the interval leaves zero outside.

        One pair of seeds says so of itself: how far two seeds of one training lie apart is not in the interval.
        """
        if self.low <= 0 <= self.high:
            return "undecided"
        word = "holds" if self.low > 0 else "does not hold"
        return f"{word} at one seed" if len(self.seeds) == 1 else word

    @property
    def label(self) -> str:
        """`mean_recall_at_50` -> `mR@50`."""
        return metric_label(self.metric)

    @property
    def text(self) -> str:
        """`+1.2 [−0.4, +2.8]`."""
        return f"{signed(self.difference)} [{signed(self.low)}, {signed(self.high)}]"


@dataclass(frozen=True)
class Claim:
    """One claim on one task, the runs on both sides, its differences (none: not yet built)."""

    claim: str
    task: str
    better: tuple[str, ...]
    worse: tuple[str, ...]
    differences: tuple[Difference, ...]

    @property
    def name(self) -> str:
        """The claim; where it is not about PredCls, with its task."""
        return self.claim if self.task == "predcls" else f"{self.claim} ({TASKS[self.task]})"

    def at(self, judged: str, metric: str) -> Difference | None:
        """Return one difference, None where it was not computed."""
        return next((one for one in self.differences if (one.judged, one.metric) == (judged, metric)), None)


def read_claims(path: Path) -> list[Claim]:
    """Read claims.json, where differences are fractions. Raises ContractError where it has another shape."""
    content = read_json(path)
    with written_by("evaluate", path):
        return [_claim(one) for one in content]


def _claim(content: Mapping[str, Any]) -> Claim:
    found = [
        _difference(judged, metric, content["differences"][judged][metric])
        for judged in JUDGED_ON
        for metric in MAIN_NAMES
        if _defined(content["differences"].get(judged, {}).get(metric))
    ]
    task = str(content["task"])
    if task not in TASKS:
        raise ValueError(f"task '{task}'")
    return Claim(str(content["claim"]), task, tuple(content["better"]), tuple(content["worse"]), tuple(found))


def _defined(content: Mapping[str, Any] | None) -> bool:
    return content is not None and None not in (content["difference"], content["low"], content["high"])


def _difference(judged: str, metric: str, content: Mapping[str, Any]) -> Difference:
    difference, low, high = (100 * float(content[key]) for key in ("difference", "low", "high"))
    seeds = tuple(100 * float(seed) for seed in content.get("seeds", ()) if seed is not None)
    return Difference(judged, metric, difference, low, high, seeds)


def columns(claims: Iterable[Claim]) -> list[tuple[str, str]]:
    """(judged, metric) of every difference that some claim has, in a fixed order."""
    there = {(one.judged, one.metric) for claim in claims for one in claim.differences}
    return [(judged, metric) for judged in JUDGED_ON for metric in MAIN_NAMES if (judged, metric) in there]


def claim_rows(claims: Sequence[Claim]) -> Iterable[Sequence[object]]:
    """One line a difference, for the CSV."""
    for claim in claims:
        runs = (claim.claim, claim.task, " ".join(claim.better), " ".join(claim.worse))
        for judged, metric in columns(claims):
            one = claim.at(judged, metric)
            if one is None:
                yield [*runs, judged, metric, None, None, None, NOT_BUILT, None]
                continue
            seeds = " ".join(f"{seed:.4f}" for seed in one.seeds)
            yield [*runs, judged, metric, one.difference, one.low, one.high, one.verdict, seeds]


def verdicts(claims: Iterable[Claim], metric: str) -> str:
    """Count the verdicts of one metric on the annotation: `holds 5, undecided 3, does not hold 1`."""
    found = Counter(one.verdict if (one := claim.at("annotation", metric)) else NOT_BUILT for claim in claims)
    return ", ".join(f"{verdict} {found[verdict]}" for verdict in (*VERDICTS, NOT_BUILT) if found[verdict])


def caption() -> str:
    """What the claims table shows."""
    return (
        "PredCls where no other task is named: better minus worse in percentage points, averaged over the paired "
        "training seeds, with the 95 % bootstrap interval over test images (both runs judged on the same images). "
        "Holds: the interval lies above zero. Does not hold: it lies below zero, the order is reversed. Undecided: "
        "it contains zero. The interval is that of the choice of test images, not of the training seed, at any "
        "number of seeds: two seeds of one row lie apart by what table 1 shows behind ±, and at one seed a difference "
        "of that size decides nothing. One in twenty misses by chance."
    )
