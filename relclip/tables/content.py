"""What the page shows, gathered from typed parts: tiles, further metrics, the check of CLIP's scores."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from relclip.core.params import Params, Row
from relclip.tables.grid import ONLY_CSV, SHOWN, Cell, Table, cell, metric_label, read_row
from relclip.tables.page import compact
from relclip.tables.plain import heading
from relclip.tables.results import read_json
from relclip.tables.sources import DataSet, KnowledgeBase

OTHER_METRICS = (
    *(
        "recall_at_20",
        "mean_recall_at_20",
        "zero_shot_recall_at_20",
        "zero_shot_recall_at_50",
        "zero_shot_recall_at_100",
    ),
    *("ng_recall_at_50", "ng_mean_recall_at_50"),
)
EXT_CHECK = ("KB", "KB+EXT"), ("kb", "kb_ext")


def tiles(data: DataSet, knowledge: KnowledgeBase) -> list[tuple[str, int]]:
    """(name, number) of the few counts that say how large everything is."""
    split = data.images["split"]
    counts = {
        name: int(numbers.sum()) for name, numbers in data.relations_per_predicate(data.relations).items()
    }
    found = [
        ("train pictures", int((split == "train").sum())),
        ("test pictures", int((split == "test").sum())),
        ("annotated train relations", counts["train"]),
        ("annotated test relations", counts["test"]),
        ("triplets in the knowledge base", len(knowledge.triplets["count"])),
        ("their mentions in captions", int(knowledge.triplets["count"].sum())),
    ]
    if data.truth is not None:
        found.insert(4, ("true test relations", int(data.relations_per_predicate(data.truth)["test"].sum())))
    return found


def table_pairs(annotation: Sequence[Table], truth: Sequence[Table]) -> list[dict[str, Any]]:
    """Each table with its heading and, where the truth is known, its second judgement."""
    second: Mapping[str, Table] = {table.key: table for table in truth}
    return [
        {"heading": heading(one).rsplit(", judged", 1)[0], "annotation": one, "truth": second.get(one.key)}
        for one in annotation
    ]


def other_metrics(params: Params, evaluate: Path) -> dict[str, Any]:
    """Metrics that the paper's tables leave out, for every built row of table 1."""
    rows = [(row.name, row) for row in params.tables.table1_distant]
    rows += [(f"{row.name}, full supervision", row) for row in params.tables.table1_full]
    return _metrics(rows, evaluate, "annotation", OTHER_METRICS, built_only=True)


def ext_check(params: Params, evaluate: Path) -> dict[str, Any]:
    """KB against KB+EXT, both without training, on the validation split."""
    rows = [
        (name, Row(name=name, runs=[run]))
        for name, run in zip(*EXT_CHECK, strict=True)
        if run in params.predict.training_free
    ]
    return _metrics(rows, evaluate, "validation", (*ONLY_CSV, *SHOWN), built_only=False)


def _metrics(
    rows: Sequence[tuple[str, Row]], evaluate: Path, judged: str, metrics: Sequence[str], *, built_only: bool
) -> dict[str, Any]:
    found: list[tuple[str, list[Cell]]] = []
    for name, row in rows:
        results = read_row(evaluate, row, "predcls", judged)
        if results or not built_only:
            found.append((name, [cell(results, metric) for metric in metrics]))
    return {"metrics": [metric_label(metric) for metric in metrics], "rows": found}


def flat_facts(content: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """(name, value) of every number or text of a statistics.json; parts with many parts are left out."""
    found: list[tuple[str, str]] = []
    for key, value in content.items():
        name = f"{prefix}{key.replace('_', ' ')}"
        if not isinstance(value, Mapping):
            found.append((name, compact(value)))
        elif len(value) <= 12:
            found += flat_facts(value, f"{name}: ")
    return found


def untrained_banner(clip: Path | None) -> str:
    """A warning where `clip` says that its encoder was never trained; else nothing."""
    if clip is None or not (clip / "statistics.json").is_file():
        return ""
    statistics = read_json(clip / "statistics.json")
    if not isinstance(statistics, dict) or statistics.get("trained", True):
        return ""
    return (
        "The encoder was NOT trained: its weights are random, because no weights were given. Every number "
        "that depends on it shows that the pipeline runs, not what the method can do."
    )
