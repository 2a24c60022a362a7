"""What `evaluate` wrote for one run and task: metrics, their intervals, the recall of each predicate."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from relclip.core.errors import ContractError

#: What a prediction is judged against -> the folder below a run's folder.
FOLDERS = {"annotation": "", "truth": "truth", "validation": "val"}


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
    path = evaluate / run / FOLDERS[judged] / f"{task}.json"
    if not path.is_file():
        return None
    content = read_json(path)
    try:
        return Result(
            _numbers(content["metrics"]),
            _bounds(content["intervals"]),
            {name: _numbers(recalls) for name, recalls in content["per_predicate"].items()},
            content["counts"],
            content["switches"],
            _numbers(content.get("other_overlap", {})),
            _bounds(content.get("tie_spread", {})),
        )
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise ContractError(
            f"{path} is not what evaluate writes ({type(error).__name__}: {error}); run it again"
        ) from None


def _numbers(values: Mapping[str, float | None]) -> dict[str, float]:
    """Leave out what is undefined (no ground truth to count), which `evaluate` writes as null."""
    return {name: float(value) for name, value in values.items() if value is not None}


def _bounds(values: Mapping[str, Sequence[float] | None]) -> dict[str, tuple[float, float]]:
    return {name: (float(both[0]), float(both[1])) for name, both in values.items() if both is not None}


def read_json(path: Path) -> Any:
    """Read a JSON file of another stage. Raises ContractError where it is absent or broken."""
    try:
        return json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise ContractError(
            f"{path} does not exist; run the stage that makes it, or give the right folder"
        ) from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ContractError(f"{path} is not valid JSON ({error}); make it again") from None
