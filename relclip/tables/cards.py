"""Model cards: one Markdown file a released run, made of what was measured and recorded."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from relclip.core.atomic import write_text
from relclip.core.metrics import metric_label
from relclip.core.origin import Origin
from relclip.core.page import escape_markdown, markdown_table, render_markdown
from relclip.core.params.train import NETWORKS, REFINEMENTS, told, told_in_words
from relclip.core.recall import JUDGED_ON, RECALL
from relclip.tables import paper
from relclip.tables.grid import cell
from relclip.tables.layout import JUDGED, SHOWN, TASKS
from relclip.tables.plain import measured
from relclip.tables.results import Released

#: (name, value) of where a report comes from.
Facts = Sequence[tuple[str, str]]
#: Relations with the lowest recall that a card names.
WEAKEST = 5
_TEMPLATE = Path(__file__).parent / "template" / "card.md"


def write_cards(origin: Origin, models: Sequence[Released], provenance: Facts, folder: Path) -> None:
    """Write `<run>.md` for each model, and README.md, which lists them; `provenance`: of `tables.provenance`."""
    for model in models:
        write_text(folder / f"{model.run}.md", card(origin, model, provenance))
    lines = [(f"[{model.run}]({model.run}.md)", escape_markdown(_title(model))) for model in models]
    head = "# Model cards\n\nThe trained runs of table 1; `make tables` writes them.\n\n"
    write_text(folder / "README.md", f"{head}{markdown_table(('run', 'row'), lines)}\n")


def card(origin: Origin, model: Released, provenance: Facts) -> str:
    """The card of one model. The commit is `<hash>`, or `<hash> with uncommitted changes`, or why it is unknown."""
    commit = dict(provenance).get("Commit", "")
    known = re.match(r"[0-9a-f]{40,64}\b", commit)
    return render_markdown(
        _TEMPLATE,
        title=_title(model),
        origin=origin,
        model=model,
        settings=model.settings,
        networks=NETWORKS,
        refinements=REFINEMENTS,
        guessed="full" not in told(model.settings),
        labels=told_in_words(model.settings),
        citation=paper.citation(),
        facts=_facts(model),
        counts=_counts(model.statistics),
        columns=("", *map(metric_label, SHOWN)),
        metrics=[(JUDGED[judged], rows) for judged in JUDGED_ON if (rows := _metrics(model, judged))],
        weakest=_recalls(model)[:WEAKEST],
        every_setting=[(name, escape_markdown(value)) for name, value in _flat(model.settings)],
        inputs=[(name, f"`{digest}`") for name, digest in sorted(model.inputs.items())],
        commit=known[0] if known else "",
        changed=known is not None and known[0] != commit,
        provenance=[(name, escape_markdown(value)) for name, value in provenance],
    )


def _title(model: Released) -> str:
    return model.rows[0].removeprefix("Table 1: ")


def _facts(model: Released) -> list[tuple[str, str]]:
    return [
        ("run", f"`{model.run}` of params.yaml"),
        ("rows", escape_markdown("; ".join(model.rows))),
        ("weights", f"`{model.folder}/model.safetensors`, {model.size:,} bytes"),
        *([("SHA-256", f"`{model.sha256}`")] if model.sha256 else []),
        ("format", "safetensors and JSON; nothing is run when it is read"),
    ]


def _counts(statistics: Mapping[str, Any]) -> str:
    """What training counted: `778 train pictures, 24,217 labelled pairs of things. `."""
    named = {"images": "train images", "labelled_pairs": "labelled pairs of things"}
    numbers = [
        f"{statistics[name]:,} {words}"
        for name, words in named.items()
        if isinstance(statistics.get(name), int)
    ]
    return f"{', '.join(numbers)}. " if numbers else ""


def _metrics(model: Released, judged: str) -> list[tuple[str, ...]]:
    """A line a task, percent with 95 % bootstrap intervals."""
    return [
        (TASKS[task], *(" ".join(measured(cell([result], metric))) for metric in SHOWN))
        for (task, one), result in model.results.items()
        if one == judged
    ]


def _recalls(model: Released) -> list[tuple[str, str, str]]:
    """(relation, PredCls R@100 in percent on the annotation, annotated in test), the lowest first."""
    result, name = model.results.get(("predcls", "annotation")), RECALL.at(100)
    found = result.per_predicate.items() if result else []
    rows = sorted(
        (100 * one[name], predicate, int(one.get("groundtruth", 0)))
        for predicate, one in found
        if name in one
    )
    return [(escape_markdown(predicate), f"{recall:.1f}", f"{count:,}") for recall, predicate, count in rows]


def _flat(settings: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """(`sampling.epsilon`, `0.9`), sorted by name."""
    for name, value in sorted(settings.items()):
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield (
                f"{prefix}{name}",
                value if isinstance(value, str) else json.dumps(value, ensure_ascii=False),
            )
