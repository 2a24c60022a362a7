"""What `evaluate` wrote for one run and task: metrics with intervals, recall and confusion of each predicate."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from relclip.core import parquet
from relclip.core.errors import ContractError
from relclip.core.json_file import read_json

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
    intervals: Mapping[str, tuple[float, float]]
    per_predicate: Mapping[str, Mapping[str, float]]
    counts: Mapping[str, int]
    switches: Mapping[str, Any]
    other_overlap: Mapping[str, float] = field(default_factory=dict)
    tie_spread: Mapping[str, tuple[float, float]] = field(default_factory=dict)


def read_result(evaluate: Path, run: str, task: str, judged: str) -> Result | None:
    """Read `evaluate`'s numbers of one run; None where that run, task or judgement was not made.

    Raises ContractError where the file is there and is not what `evaluate` writes.
    """
    folder = evaluate / run / task
    path = folder / f"{FILES[judged]}.json"
    if not path.is_file():
        return None
    content, sheet = _content(path), folder / PRECISION
    if judged == "validation" or not sheet.is_file():
        return content
    precision = _sheet(sheet)
    return replace(
        content,
        metrics={**content.metrics, **precision.metrics},
        intervals={**content.intervals, **precision.intervals},
    )


def _content(path: Path) -> Result:
    def parse(content: Any) -> Result:
        recalls = {name: _numbers(one) for name, one in content["per_predicate"].items()}
        other, ties = content.get("other_overlap"), content.get("tie_spread")
        return Result(
            _numbers(content["metrics"]),
            _bounds(content["intervals"]),
            recalls,
            content["counts"],
            content["switches"],
            _numbers(other or {}),
            _bounds(ties or {}),
        )

    return _checked(path, parse)


def _sheet(path: Path) -> Result:
    return _checked(
        path, lambda content: Result(_numbers(content["metrics"]), _bounds(content["intervals"]), {}, {}, {})
    )


def _checked(path: Path, parse: Callable[[Any], Result]) -> Result:
    try:
        return parse(read_json(path))
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise ContractError(
            f"{path} is not what evaluate writes ({type(error).__name__}: {error}); run it again"
        ) from None


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
