"""The two sides of a comparison: first hits that were written before, or predictions that are judged now."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pyarrow as pa

from relclip.core.errors import ContractError, InputError
from relclip.core.json_file import read_json
from relclip.core.params.evaluate import COUNTING, Evaluate
from relclip.core.recall import TASKS, Task
from relclip.core.vocabulary import checked_names
from relclip.evaluate.checks import Ints
from relclip.evaluate.hits import first_hits, read_hits
from relclip.evaluate.inputs import GroundTruth
from relclip.evaluate.views import TrainTriplets

#: Switches that decide which ground truths are hit; those of two sides must agree.
MUST_AGREE = (*COUNTING, "split", "task")


@dataclass(frozen=True)
class Side:
    """First hits (schema HITS) of each seed; where a metrics.json says so, predicates by id, switches, and how often

    train has each predicate, (P,).
    """

    tables: list[pa.Table]
    predicates: tuple[str, ...] | None
    switches: dict[str, Any] | None
    train_count: Ints | None = None


def written_side(paths: Sequence[Path]) -> Side:
    """Read what `relclip evaluate --output metrics.json --hits hits.parquet` wrote, a path a seed.

    A path is the folder of both (or a task of one run of the pipeline), or the file of hits (`hits.parquet` beside
    `metrics.json`, `val_hits.parquet` beside `val.json`). Raises ContractError without hits; the JSON may be absent.
    """
    files = [_hits_of(path) for path in paths]
    tables = [read_hits(file) for file in files]
    sides = [(file, Side(tables, *said)) for file in files if (said := _said_beside(file))]
    for file, side in sides[1:]:
        check_switches(sides[0][1], side, (sides[0][0], file))
    return sides[0][1] if sides else Side(tables, None, None)


def _hits_of(path: Path) -> Path:
    """The file of hits of a folder, which may be one of the pipeline's: data/evaluate/<run>/<task>."""
    own, stage = path / "hits.parquet", path / "annotation_hits.parquet"
    if not path.is_dir():
        return path
    tasks = [path / task for task in TASKS if (path / task / stage.name).is_file()]
    if tasks and not own.exists():
        raise InputError(
            f"{path} is a run of several tasks; give the folder of one: {', '.join(map(str, tasks))}"
        )
    if not own.exists() and not stage.exists():
        raise InputError(
            f"{path} has neither {own.name} nor {stage.name}; `relclip evaluate --hits` writes the first, the stage"
            " `evaluate` the second (with --groundtruth, sides are folders of predictions)"
        )
    return own if own.exists() else stage


def judged_side(
    paths: Sequence[Path], truth: GroundTruth, task: Task, switches: Evaluate, train: TrainTriplets | None
) -> Side:
    """Judge folders of predictions, one a seed, against the same ground truth."""
    tables = [first_hits(truth, path, task, switches, train).table for path in paths]
    return Side(tables, truth.vocabulary.predicates, None, train.count if train else None)


def check_switches(first: Side, second: Side, names: tuple[object, object] = ("A", "B")) -> None:
    """Raise InputError where both sides say their switches and these differ."""
    if not first.switches or not second.switches:
        return
    older = {"ties": Evaluate().ties}  # what a file of an older version does not say
    for name in MUST_AGREE:
        one, other = (switches.get(name, older.get(name)) for switches in (first.switches, second.switches))
        if one != other:
            raise InputError(
                f"{names[0]} was judged with {name}: {one}, {names[1]} with {name}: {other}; judge both with the same"
                " switches"
            )


def _said_beside(hits: Path) -> tuple[tuple[str, ...] | None, dict[str, Any] | None, Ints | None] | None:
    """Predicates, switches and counts of train that the metrics.json beside the hits says; None without one."""
    stem = hits.stem.removesuffix("hits").removesuffix("_") or "metrics"
    path = hits.with_name(f"{stem}.json")
    if path == hits or not path.exists():
        return None
    content = read_json(path, "judge again, or move it away")
    if not isinstance(content, dict):
        return None
    check_switches_of(content, path)
    predicates = _predicates(content, path)
    return predicates, content.get("switches"), _train_count(content) if predicates else None


def check_switches_of(content: dict[str, Any], path: Path) -> None:
    """Raise ContractError where a metrics.json says switches that no judging has."""
    switches = content.get("switches")
    if switches is None:
        return
    if not isinstance(switches, dict):
        raise ContractError(f"{path}: 'switches' is no mapping; judge again, or move it away")
    for name, value in switches.items():
        if name in COUNTING:
            annotation = Evaluate.model_fields[name].annotation
            allowed = (True, False) if annotation is bool else get_args(annotation)
            if value not in allowed:
                raise ContractError(
                    f"{path}: the switch '{name}' must be one of {', '.join(map(str, allowed))}; judge again"
                )
        elif name in MUST_AGREE and not (value is None or (isinstance(value, str) and value.isprintable())):
            raise ContractError(f"{path}: the switch '{name}' is no name; judge again")


def _predicates(content: dict[str, Any], path: Path) -> tuple[str, ...] | None:
    """Names by id of metrics.json's per_predicate; None where it was written by another tool or an older version."""
    try:
        numbered = {one["predicate_id"]: name for name, one in content["per_predicate"].items()}
    except (KeyError, TypeError, AttributeError):
        return None
    wanted = range(1, len(content["per_predicate"]) + 1)
    if not numbered or set(numbered) != set(wanted):
        return None
    return checked_names([numbered[number] for number in wanted], "per_predicate", path)


def _train_count(content: dict[str, Any]) -> Ints | None:
    """How often train has each predicate, by id, of a file whose predicates are known; None where it does not say."""
    counts = {one["predicate_id"]: one.get("train") for one in content["per_predicate"].values()}
    known = all(isinstance(count, int) and 0 <= count < 1 << 53 for count in counts.values())
    return np.array([counts[number] for number in sorted(counts)], np.int64) if known else None
