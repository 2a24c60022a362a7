"""The two sides of a comparison: first hits that were written before, or predictions that are judged now."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pyarrow as pa

from relclip.core.errors import ContractError, InputError
from relclip.core.json_file import read_json
from relclip.core.params.evaluate import Evaluate
from relclip.evaluate.checks import Ints
from relclip.evaluate.hits import Task, first_hits, read_hits
from relclip.evaluate.inputs import GroundTruth
from relclip.evaluate.labels import Seen

#: Switches that decide which ground truths are hit; those of two sides must agree.
MUST_AGREE = (
    "dedup",
    "empty_predictions",
    "pixel_inclusive",
    "recall",
    "require_overlap",
    "ties",
    "split",
    "task",
)


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
    contents = [content for file in files if (content := _metrics_beside(file))]
    if not contents:
        return Side(tables, None, None)
    return Side(tables, _predicates(contents[0]), contents[0].get("switches"), _train_count(contents[0]))


def _hits_of(path: Path) -> Path:
    """The file of hits of a folder, which may be one of the pipeline's: data/evaluate/<run>/<task>."""
    own, stage = path / "hits.parquet", path / "annotation_hits.parquet"
    if not path.is_dir():
        return path
    return stage if stage.is_file() and not own.exists() else own


def judged_side(
    paths: Sequence[Path], truth: GroundTruth, task: Task, switches: Evaluate, seen: Seen | None
) -> Side:
    """Judge folders of predictions, one a seed, against the same ground truth."""
    tables = [first_hits(truth, path, task, switches, seen).table for path in paths]
    return Side(tables, truth.vocabulary.predicates, None, seen.count if seen else None)


def check_switches(first: Side, second: Side) -> None:
    """Raise InputError where both sides say their switches and these differ."""
    if first.switches is None or second.switches is None:
        return
    older = {"ties": Evaluate().ties}  # what a file of an older version does not say
    for name in MUST_AGREE:
        one, other = (side.switches.get(name, older.get(name)) for side in (first, second) if side.switches)
        if one != other:
            raise InputError(
                f"A was judged with {name}: {one}, B with {name}: {other}; judge both with the same switches"
            )


def _metrics_beside(hits: Path) -> dict[str, Any] | None:
    stem = hits.stem.removesuffix("hits").removesuffix("_") or "metrics"
    path = hits.with_name(f"{stem}.json")
    if path == hits or not path.is_file():
        return None
    content = read_json(path, "judge again, or move it away")
    if not isinstance(content, dict):
        return None
    check_switches_of(content, path)
    return content


def check_switches_of(content: dict[str, Any], path: Path) -> None:
    """Raise ContractError where a metrics.json says switches that no judging has."""
    switches = content.get("switches")
    if switches is None:
        return
    if not isinstance(switches, dict):
        raise ContractError(f"{path}: 'switches' is no mapping; judge again, or move it away")
    for name, value in switches.items():
        field = Evaluate.model_fields.get(name)
        allowed = get_args(field.annotation) if field and name != "split" else ()
        if allowed and value not in allowed:
            raise ContractError(
                f"{path}: the switch '{name}' must be one of {', '.join(map(str, allowed))}; judge again"
            )


def _predicates(content: dict[str, Any]) -> tuple[str, ...] | None:
    """Names by id of metrics.json's per_predicate; None where it was written by another tool or an older version."""
    try:
        numbered = {one["predicate_id"]: name for name, one in content["per_predicate"].items()}
    except (KeyError, TypeError, AttributeError):
        return None
    wanted = range(1, len(content["per_predicate"]) + 1)
    return tuple(numbered[number] for number in wanted) if set(numbered) == set(wanted) else None


def _train_count(content: dict[str, Any]) -> Ints | None:
    """How often train has each predicate, by id; None where the file does not say."""
    if _predicates(content) is None:
        return None
    counts = {one["predicate_id"]: one.get("train") for one in content["per_predicate"].values()}
    known = all(isinstance(count, int) and abs(count) < 1 << 63 for count in counts.values())
    return np.array([counts[number] for number in sorted(counts)], np.int64) if known else None
