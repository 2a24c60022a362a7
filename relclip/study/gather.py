"""What the study has so far: the finished trainings of each row, each claim on the seeds that both sides have."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pyarrow as pa

from relclip.core.json_file import read_json
from relclip.core.metrics import MEASURES, ZERO_SHOT
from relclip.core.params.evaluate import Evaluate
from relclip.core.params.tables import Claim
from relclip.core.recall import MAIN, RECALL
from relclip.evaluate.hits import read_hits
from relclip.study.effects import Effect, holm, mixed_model, paired_effects, picture_differences
from relclip.tables.sources import read_curve

METRICS = {metric.at(): metric.label() for metric in (*MAIN, ZERO_SHOT)}
#: The verdict of an interval that contains zero.
UNDECIDED, HOLDS = "undecided", "holds"


@dataclass(frozen=True)
class Finding:
    """A claim on one task and metric, as fractions; no effect where no pair of seeds is finished."""

    claim: Claim
    task: str
    metric: str
    effect: Effect | None = None
    model: Effect | None = None  # the mixed model's, of recall, from two seeds on
    holm: float | None = None  # from two seeds on

    @property
    def family(self) -> tuple[str, str, str]:
        """Findings that answer one question asked of several rows: Holm's correction counts these."""
        return self.claim.group, self.task, self.metric

    @property
    def verdict(self) -> str:
        """What may be said: one seed says nothing of the next."""
        if self.effect is None:
            return "not finished"
        if len(self.effect.seeds) == 1:
            return "one seed: no verdict"
        if not self.effect.decided:
            return UNDECIDED
        word = HOLDS if self.effect.low > 0 else "does not hold"
        return word if self.holm is not None and self.holm < 0.05 else f"{word}, not after Holm"


def findings(
    claims: Sequence[Claim],
    evaluated: Path,
    predicates: int,
    params: Evaluate,
    elsewhere: Mapping[str, Path] = MappingProxyType({}),
) -> list[Finding]:
    """Judge every claim on the annotation of test; Holm's correction counts a family's with two seeds or more.

    elsewhere: folders of judged runs of the same names, by what else was changed for them; the claims of a group that
    are finished there join it.
    """
    places = [(claim, evaluated) for claim in claims]
    places += [
        (claim.model_copy(update={"claim": f"{claim.claim}, {changed}"}), folder)
        for changed, folder in elsewhere.items()
        for claim in claims
        if claim.group and _pairs(claim, claim.tasks[0], folder)
    ]
    found = [
        one
        for claim, folder in places
        for task in claim.tasks
        for one in _of_claim(claim, task, folder, predicates, params)
    ]
    families: dict[tuple[str, str, str], dict[int, float]] = defaultdict(dict)
    for place, one in enumerate(found):
        if one.effect and len(one.effect.seeds) > 1:
            families[one.family][place] = one.effect.p
    for family in families.values():
        for place, corrected in zip(family, holm(list(family.values())), strict=True):
            found[place] = replace(found[place], holm=corrected)
    return found


def _of_claim(claim: Claim, task: str, evaluated: Path, predicates: int, params: Evaluate) -> list[Finding]:
    pairs = _pairs(claim, task, evaluated)
    if not pairs:
        return [Finding(claim, task, metric) for metric in METRICS]
    better, worse = ([pair[side] for pair in pairs] for side in (0, 1))
    bootstrap = {"predicates": predicates, "bootstrap": params.bootstrap, "seed": params.seed}
    effects = paired_effects(better, worse, METRICS, **bootstrap)
    differences = picture_differences(better, worse, MEASURES[RECALL.at()])
    model = mixed_model(differences) if len(pairs) > 1 else None
    return [
        Finding(claim, task, metric, one, model if metric == RECALL.at() else None)
        for metric, one in effects.items()
    ]


def _pairs(claim: Claim, task: str, evaluated: Path) -> list[tuple[pa.Table, pa.Table]]:
    """First hits of both sides, of each seed that both have."""
    return [
        (first, second)
        for better, worse in claim.pairs
        if (first := _hits(evaluated, better, task)) and (second := _hits(evaluated, worse, task))
    ]


def _hits(evaluated: Path, run: str, task: str) -> pa.Table | None:
    """First hits of a run on the annotation of test, None where it was not judged."""
    path = evaluated / run / task / "annotation_hits.parquet"
    return read_hits(path) if path.is_file() else None


@dataclass(frozen=True)
class Row:
    """Trainings that differ in their seed alone, finished or not; the numbers of those that are, in percent."""

    name: str
    runs: tuple[str, ...]
    finished: tuple[str, ...]
    numbers: dict[str, list[float]]  # by (task, metric), one a finished run

    def text(self, metric: str) -> str:
        """`74.7 ± 0.3` over seeds; one seed has no spread."""
        values = self.numbers.get(metric, [])
        if not values:
            return "not finished"
        spread = f" ± {np.std(values, ddof=1):.1f}" if len(values) > 1 else ""
        return f"{np.mean(values):.1f}{spread}"


#: Column of the table of rows -> (file below an evaluated run, metric).
COLUMNS = {
    **{
        f"PredCls {metric.label()}": ("predcls/annotation.json", metric.at()) for metric in (*MAIN, ZERO_SHOT)
    },
    f"SGCls {RECALL.label()}": ("sgcls/annotation.json", RECALL.at()),
    "oracle P@10": ("predcls/precision.json", "precision_at_10"),
}


#: Whether a row had stopped rising: its last two looks at validation.
RISE = "last rise on validation, R@50"


def rows(runs: Sequence[str], evaluated: Path, trained: Path) -> list[Row]:
    """The rows in the order of params.runs."""
    names: dict[str, list[str]] = {}
    for run in runs:
        names.setdefault(run.partition("_seed")[0], []).append(run)
    return [_row(name, tuple(seeds), evaluated, trained) for name, seeds in names.items()]


def _row(name: str, runs: tuple[str, ...], evaluated: Path, trained: Path) -> Row:
    finished = tuple(run for run in runs if (evaluated / run / "sgcls" / "annotation.json").is_file())
    numbers = {
        column: [100 * _number(evaluated / run / file, metric) for run in finished]
        for column, (file, metric) in COLUMNS.items()
    }
    numbers[RISE] = [
        rise for run in finished if (rise := _last_rise(trained / run / "curves.csv")) is not None
    ]
    return Row(name, runs, finished, numbers)


def _last_rise(path: Path) -> float | None:
    """Recall at the last validation minus that before, in percentage points; None where there are no two."""
    curve = read_curve(path)
    values = curve.points(f"val_{RECALL.at()}")[1] if curve else np.empty(0)
    return 100 * float(values[-1] - values[-2]) if len(values) > 1 else None


def _number(path: Path, metric: str) -> float:
    return float(read_json(path)["metrics"][metric])
