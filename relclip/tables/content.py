"""What the page shows, gathered from typed parts: tiles, further metrics, the check of CLIP's scores."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from relclip.core.errors import ContractError
from relclip.core.json_file import read_json, read_object
from relclip.core.metrics import MEASURES, metric_label
from relclip.core.params.evaluate import Evaluate
from relclip.core.params.tables import Row
from relclip.core.params.whole import Params
from relclip.core.recall import MAIN, MAIN_CUTOFF, MAIN_NAMES
from relclip.tables.grid import NOT_MEASURED, SAME_PAIRS, Cell, FilledTable, cell, other_pairs, read_row
from relclip.tables.layout import SHOWN, leading_rows, turned_pairs
from relclip.tables.page import compact
from relclip.tables.plain import title
from relclip.tables.results import Result
from relclip.tables.sources import DataSet, KnowledgeBase, relations_per_predicate

#: Name in statistics.json -> what was asked, in words: of CLIP on held-out pictures, of EXT on validation.
CLIP_QUESTIONS = {
    "objects": "Which thing is on this crop? (of all classes that occur)",
    "predicates": "Which relation, given subject and object? (of all relations)",
    "candidates": "Which of the relations seen with these two classes? (two or more)",
    "candidates_uniform": "The same, by lot",
}
EXT_QUESTIONS = {
    "kb": "KB: one of the candidates by lot",
    "ext": "EXT: CLIP's best of all relations",
    "kb_ext": "KB+EXT: CLIP's best candidate",
    "kb_undecided": "KB, where two or more candidates include the right one",
    "ext_undecided": "EXT, where two or more candidates include the right one",
    "kb_ext_undecided": "KB+EXT, where two or more candidates include the right one",
}
#: At one K; every other is in the CSV and in metrics.json.
OTHER_METRICS = tuple(
    name for name, one in MEASURES.items() if one.cutoff == MAIN_CUTOFF and name not in SHOWN
)
#: Percentage points that show in a number with one decimal.
VISIBLE = 0.05
EXT_CHECK = (("KB", "kb"), ("KB+EXT", "kb_ext"))
EXT_METRICS = (*(metric.at(20) for metric in MAIN), *SHOWN)


def tiles(data: DataSet, knowledge: KnowledgeBase | None) -> list[tuple[str, int]]:
    """(name, number) of the few counts that say how large everything is."""
    split = data.annotation.split
    counts = {name: int(one.sum()) for name, one in relations_per_predicate(data.annotation).items()}
    found = [
        ("train images", int((split == "train").sum())),
        ("test images", int((split == "test").sum())),
        ("annotated train relations", counts["train"]),
        ("annotated test relations", counts["test"]),
    ]
    if knowledge:
        found.append(("triplets in the knowledge base", len(knowledge.triplets["count"])))
        found.append(("their mentions in captions", int(knowledge.triplets["count"].sum())))
    if data.truth is not None:
        found.insert(4, ("true test relations", len(data.truth.triplets("test"))))
    return found


def table_pairs(annotation: Sequence[FilledTable], truth: Sequence[FilledTable]) -> list[dict[str, Any]]:
    """Each table that has rows with its heading and, where the truth is known, its second judgement."""
    second: Mapping[str, FilledTable] = {table.key: table for table in truth}
    return [
        {"heading": title(one), "annotation": one, "truth": second.get(one.key)}
        for one in annotation
        if any(block.lines for block in one.blocks)
    ]


def built_rows(params: Params, evaluate: Path) -> list[tuple[str, list[Result]]]:
    """(name, PredCls results on the annotation) of every row of table 1 that has some."""
    read = [(name, read_row(evaluate, row)) for name, row in leading_rows(params.report)]
    return [(name, results) for name, results in read if results]


def other_metrics(rows: Sequence[tuple[str, list[Result]]], require_overlap: bool) -> dict[str, Any]:
    """Metrics that the paper's tables leave out; two with the other set of pairs where some row has one."""
    turned = MAIN_NAMES if any(one.other_overlap for _, results in rows for one in results) else ()
    heads = [metric_label(metric) for metric in OTHER_METRICS]
    heads += [f"{metric_label(metric)}, {turned_pairs(require_overlap)}" for metric in turned]
    return {"metrics": heads, "rows": [(name, _other_cells(results, turned)) for name, results in rows]}


def _other_cells(results: Sequence[Result], turned: Sequence[str]) -> list[Cell]:
    cells = [cell(results, metric, state=NOT_MEASURED) for metric in OTHER_METRICS]
    others = [other_pairs(result) for result in results]
    return cells + [cell(others, metric, state=SAME_PAIRS) for metric in turned]


def tie_spreads(rows: Sequence[tuple[str, list[Result]]]) -> list[tuple[str, list[tuple[float, float]]]]:
    """(row, (lowest, highest) in percent of two metrics) where ties matter; several seeds: the mean of their bounds."""
    found = []
    for name, results in rows:
        spreads = [_mean_spread(results, metric) for metric in MAIN_NAMES]
        if any(high - low >= VISIBLE for low, high in spreads):
            found.append((name, spreads))
    return found


def _mean_spread(results: Sequence[Result], metric: str) -> tuple[float, float]:
    bounds = [result.tie_spread.get(metric, (result.metrics.get(metric, 0.0),) * 2) for result in results]
    low, high = (100 * fmean(side) for side in zip(*bounds, strict=True))
    return low, high


def ext_check(params: Params, evaluate: Path) -> dict[str, Any]:
    """KB against KB+EXT, both without training, on the validation split."""
    wanted = [(name, run) for name, run in EXT_CHECK if run in params.predict.training_free]
    rows = [(name, read_row(evaluate, Row(name=name, runs=[run]), "validation")) for name, run in wanted]
    cells = [(name, [cell(results, metric) for metric in EXT_METRICS]) for name, results in rows]
    return {"metrics": [metric_label(metric) for metric in EXT_METRICS], "rows": cells}


def protocol(evaluate: Evaluate) -> list[tuple[str, str, str]]:
    """(switch, value, what it says) of the section evaluate."""
    return [
        (name, compact(getattr(evaluate, name)), field.description or "")
        for name, field in type(evaluate).model_fields.items()
    ]


def detector_facts(folder: Path | None) -> Mapping[str, Any]:
    """How well the detector finds the test images' objects, by its statistics; nothing where it was not trained."""
    path = folder / "statistics.json" if folder else None
    if path is None or not path.is_file():
        return {}
    content = read_json(path)
    found = content.get("test") if isinstance(content, dict) else None
    if not isinstance(found, dict):
        raise ContractError(f"{path} says nothing of the test images; run the stage detector again")
    return found


@dataclass(frozen=True)
class Accuracy:
    """Share of right answers in percent: over all, as the mean over true labels; number of questions."""

    question: str
    mean: float
    class_mean: float
    count: int


def untrained(clip: Path | None) -> bool:
    """Whether `clip` says that its encoder has random weights."""
    return bool(_statistics(clip).get("untrained", False))


def _statistics(folder: Path | None) -> Mapping[str, Any]:
    return read_object(folder / "statistics.json") if folder else {}


def accuracies(folder: Path | None, questions: Mapping[str, str]) -> list[Accuracy]:
    """How a stage answered these questions, by its statistics.json; none where it did not ask (a CLIP of others)."""
    validation = _statistics(folder).get("validation", {})
    try:
        return [_accuracy(text, validation[name]) for name, text in questions.items() if name in validation]
    except (KeyError, TypeError, ValueError) as error:
        raise ContractError(
            f"{folder}/statistics.json has accuracies of another form ({error}); run the stage that makes it again"
        ) from None


def _accuracy(question: str, one: Mapping[str, float]) -> Accuracy:
    return Accuracy(question, 100 * float(one["mean"]), 100 * float(one["class_mean"]), int(one["count"]))
