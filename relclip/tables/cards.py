"""Model cards: one Markdown file a released run, made of what was measured and recorded."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from relclip.core.atomic import write_text
from relclip.core.metrics import metric_label
from relclip.core.origin import Origin
from relclip.core.page import escape_markdown
from relclip.core.recall import RECALL
from relclip.tables import card_words, paper
from relclip.tables.grid import cell
from relclip.tables.layout import SHOWN, TASKS
from relclip.tables.plain import markdown_rows, measured
from relclip.tables.results import Released, Result

#: (name, value) of where a report comes from.
Facts = Sequence[tuple[str, str]]
#: Relations with the lowest recall that a card names.
WEAKEST = 5
_LOAD = """```python
from pathlib import Path
from relclip.model import load_model
model = load_model(Path("{folder}"))
```"""


def write_cards(origin: Origin, models: Sequence[Released], provenance: Facts, folder: Path) -> None:
    """Write `<run>.md` for each model, and README.md, which lists them; `provenance`: of `tables.provenance`."""
    for model in models:
        write_text(folder / f"{model.run}.md", card(origin, model, provenance))
    write_text(folder / "README.md", _list(models))


def card(origin: Origin, model: Released, provenance: Facts) -> str:
    """The card of one model."""
    title = model.rows[0].removeprefix("Table 1: ")
    sections = [
        f"# {escape_markdown(title)}",
        f"{card_words.what(model.settings)} Trained for the tables of {escape_markdown(paper.citation())}.",
        _facts(model),
        "## Load",
        _LOAD.format(folder=model.folder),
        card_words.use(model),
        "## Trained on",
        card_words.trained_on(origin, model),
        escape_markdown(origin.licence),
        "## Metrics",
        *_metrics(model),
        *_relations(model),
        "## Intended use and limits",
        card_words.limits(origin, model),
        "## Training",
        _table(("setting", "value"), _settings(model.settings)),
        "Inputs, by SHA-256:",
        _table(
            ("input", "SHA-256"), [(name, f"`{digest}`") for name, digest in sorted(model.inputs.items())]
        ),
        "## Make it again",
        card_words.again(model, dict(provenance).get("Commit", "")),
        "Where this card was written:",
        _table(("", ""), [(name, escape_markdown(value)) for name, value in provenance]),
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def _facts(model: Released) -> str:
    rows = [
        ("run", f"`{model.run}` of params.yaml"),
        ("rows", escape_markdown("; ".join(model.rows))),
        ("weights", f"`{model.folder}/model.safetensors`, {model.size:,} bytes"),
        *([("SHA-256", f"`{model.sha256}`")] if model.sha256 else []),
        ("format", "safetensors and JSON; nothing is run when it is read"),
    ]
    return _table(("", ""), rows)


def _metrics(model: Released) -> list[str]:
    """One table a judgement: a line a task, percent with 95 % bootstrap intervals."""
    tables = []
    for judged, words in (("annotation", "the annotation"), ("truth", "the full truth")):
        rows = [
            (TASKS[task], *(" ".join(measured(cell([result], metric))) for metric in SHOWN))
            for (task, one), result in model.results.items()
            if one == judged
        ]
        if rows:
            tables += [
                f"Judged on {words} of the test pictures, percent [95 % bootstrap interval by picture]:",
                _table(("", *(metric_label(metric) for metric in SHOWN)), rows),
            ]
    return tables or ["Not evaluated yet."]


def _relations(model: Released) -> list[str]:
    """The relations it knows least, by PredCls R@100 on the annotation."""
    result = model.results.get(("predcls", "annotation"))
    rows = _recalls(result) if result else []
    if not rows:
        return []
    lines = [(escape_markdown(name), f"{recall:.1f}", f"{count:,}") for recall, name, count in rows[:WEAKEST]]
    return ["Its weakest relations:", _table(("relation", "PredCls R@100, %", "annotated in test"), lines)]


def _recalls(result: Result) -> list[tuple[float, str, int]]:
    """(R@100 in percent, relation, annotated in test), the lowest first."""
    return sorted(
        (100 * one[RECALL.at(100)], name, int(one.get("groundtruth", 0)))
        for name, one in result.per_predicate.items()
        if RECALL.at(100) in one
    )


def _settings(settings: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    for name, value in sorted(settings.items()):
        if isinstance(value, Mapping):
            rows += _settings(value, f"{prefix}{name}.")
        else:
            rows.append((f"{prefix}{name}", escape_markdown(str(value))))
    return rows


def _list(models: Sequence[Released]) -> str:
    rows = [
        (f"[{model.run}]({model.run}.md)", escape_markdown(model.rows[0].removeprefix("Table 1: ")))
        for model in models
    ]
    head = "# Model cards\n\nThe trained runs of table 1; `make tables` writes them.\n\n"
    return head + _table(("run", "row"), rows) + "\n"


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = markdown_rows(header, rows)
    return "\n".join([lines[0], lines[1].replace("--:", ":--") if len(header) == 2 else lines[1], *lines[2:]])
