"""What `evaluate` wrote for one run and task, and the trained runs of table 1 with what all stages say of each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from relclip.core import parquet
from relclip.core.json_file import read_json, read_object
from relclip.core.params.whole import Params
from relclip.core.recall import JUDGED_ON
from relclip.core.trained import CONFIG, WEIGHTS
from relclip.tables.layout import TASKS, rows_of
from relclip.tables.sources import written_by

#: What a prediction is judged against -> its file's stem in `<run>/<task>/`.
FILES = {"annotation": "annotation", "truth": "truth", "validation": "val"}
#: Beside them where the data set knows every true relation: P@10 and P@20.
PRECISION = "precision.json"


@dataclass(frozen=True)
class Result:
    """One metrics file. Metrics and bounds are fractions, by name (`mean_recall_at_50`).

    `other_overlap`: the metrics with the switch `require_overlap` turned. `tie_spread`: lowest and highest
    value over seeds that break ties, where scores tie.
    """

    metrics: Mapping[str, float]
    intervals: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    per_predicate: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    other_overlap: Mapping[str, float] = field(default_factory=dict)
    tie_spread: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    def joined(self, other: "Result | None") -> "Result":
        """The same with further metrics of that run."""
        if other is None:
            return self
        metrics, intervals = {**self.metrics, **other.metrics}, {**self.intervals, **other.intervals}
        return replace(self, metrics=metrics, intervals=intervals)


def read_result(evaluate: Path, run: str, task: str, judged: str) -> Result | None:
    """Read `evaluate`'s numbers of one run; None where that run, task or judgement was not made.

    Raises ContractError where the file is there and is not what `evaluate` writes.
    """
    folder = evaluate / run / task
    path = folder / f"{FILES[judged]}.json"
    if not path.is_file():
        return None
    sheet = folder / PRECISION if judged != "validation" else None
    return _content(path).joined(_sheet(sheet) if sheet and sheet.is_file() else None)


def _content(path: Path) -> Result:
    content = read_json(path)
    with written_by("evaluate", path):
        return Result(
            _numbers(content["metrics"]),
            _bounds(content["intervals"]),
            {name: _numbers(one) for name, one in content["per_predicate"].items()},
            _numbers(content.get("other_overlap") or {}),
            _bounds(content.get("tie_spread") or {}),
        )


def _sheet(path: Path) -> Result:
    content = read_json(path)
    with written_by("evaluate", path):
        return Result(_numbers(content["metrics"]), _bounds(content["intervals"]))


def read_confusion(evaluate: Path, run: str, judged: str) -> dict[tuple[int, int], int] | None:
    """(true predicate, predicted predicate or 0 for none) -> pairs of PredCls; None where that was not made."""
    path = evaluate / run / "predcls" / "confusion.parquet"
    if not path.is_file():
        return None
    table = parquet.read_table(path, parquet.CONFUSION)
    rows = zip(*(table[name].to_pylist() for name in parquet.CONFUSION.names), strict=True)
    return {(truth, taken): count for where, truth, taken, count in rows if where == judged}


def _numbers(values: Mapping[str, float | None]) -> dict[str, float]:
    """Leave out what is undefined (no ground truth to count), which `evaluate` writes as null."""
    return {name: float(value) for name, value in values.items() if value is not None}


def _bounds(values: Mapping[str, Sequence[float] | None]) -> dict[str, tuple[float, float]]:
    return {name: (float(both[0]), float(both[1])) for name, both in values.items() if both is not None}


@dataclass(frozen=True)
class Released:
    """One model. `rows`: where it stands in the tables; `results`: (task, judged) -> metrics; `inputs`: SHA-256s."""

    run: str
    rows: tuple[str, ...]
    folder: str
    sha256: str
    size: int
    settings: Mapping[str, Any]
    inputs: Mapping[str, str]
    statistics: Mapping[str, Any]
    results: Mapping[tuple[str, str], Result]


def trained_runs(params: Params) -> list[str]:
    """Every run of the first table that was trained."""
    runs = params.report.trainings(*params.report.first)
    return [run for run in runs if run in params.trained]


def released(params: Params, train: Path, predict: Path | None, evaluate: Path) -> list[Released]:
    """Read every run of table 1 whose model is there. Raises ContractError where one of its files is broken."""
    rows = rows_of(params)
    wanted = [run for run in trained_runs(params) if (train / run / CONFIG).is_file()]
    return [_released(run, tuple(rows[run]), train / run, predict, evaluate) for run in wanted]


def _released(
    run: str, rows: tuple[str, ...], folder: Path, predict: Path | None, evaluate: Path
) -> Released:
    about, statistics = (read_object(folder / name) for name in (CONFIG, "statistics.json"))
    weights = folder / WEIGHTS
    sheet = predict / run / "provenance.json" if predict else None
    provenance = read_object(sheet) if sheet and sheet.is_file() else {}
    found = {
        (task, judged): result
        for task in TASKS
        for judged in JUDGED_ON
        if (result := read_result(evaluate, run, task, judged))
    }
    return Released(
        *(run, rows, folder.as_posix(), str(provenance.get("model_sha256", ""))),
        weights.stat().st_size if weights.is_file() else 0,
        *(about.get("train", {}), about.get("inputs", {}), statistics, found),
    )
