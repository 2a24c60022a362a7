"""Model cards: one Markdown file a released run, made of what was measured and recorded."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from relclip.core.atomic import write_text
from relclip.core.metrics import metric_label
from relclip.core.origin import Origin
from relclip.core.page import escape_markdown, markdown_rows
from relclip.core.recall import RECALL
from relclip.tables import paper
from relclip.tables.grid import cell
from relclip.tables.layout import SHOWN, TASKS
from relclip.tables.plain import measured
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
        f"{_what_it_is(model.settings)} Trained for the tables of {escape_markdown(paper.citation())}.",
        _facts(model),
        "## Load",
        _LOAD.format(folder=model.folder),
        _how_to_use(model),
        "## Trained on",
        _trained_on(origin, model),
        escape_markdown(origin.licence),
        "## Metrics",
        *_metrics(model),
        *_relations(model),
        "## Intended use and limits",
        _limits(origin, model),
        "## Training",
        _table(("setting", "value"), _settings(model.settings)),
        "Inputs, by SHA-256:",
        _table(
            ("input", "SHA-256"), [(name, f"`{digest}`") for name, digest in sorted(model.inputs.items())]
        ),
        "## Make it again",
        _again(model, dict(provenance).get("Commit", "")),
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
            plain = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            rows.append((f"{prefix}{name}", escape_markdown(plain)))
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


_MODELS = {
    "relclip": "RelCLIP: attention over the pairs of a picture, on frozen CLIP features of both things and their union",
    "motif": "Motif: bidirectional recurrent context over the things of a picture, with a bias of class pairs",
}
_METHODS = {
    "visualds": "refined by VisualDS (labels re-estimated by the model, knowledge base and CLIP, then trained again)",
    "visualds_semi": "refined by VisualDS's semi-supervised mode (annotation and re-estimated labels)",
    "ba_sgg": "its predicate classifier adjusted by BA-SGG (balanced relations)",
}
_LABELS = {
    "full": "the annotated relations of the train pictures",
    "kb": "no annotated relation: labels guessed from triplets that captions state (the knowledge base)",
    "kb+ext": "no annotated relation: labels guessed from triplets that captions state, weighed by CLIP's scores",
}


def _what_it_is(settings: Mapping[str, Any]) -> str:
    """What the model does and which it is."""
    kind = _MODELS.get(str(settings.get("model")), f"The network is '{settings.get('model')}'")
    method = _METHODS.get(str(settings.get("method")), "")
    return (
        "Given a picture's boxes, this model says which of the vocabulary's relations hold between them "
        f"(subject, relation, object). {kind}{f'; {method}' if method else ''}."
    )


def _how_to_use(model: Released) -> str:
    """What the model reads, and the command that applies it."""
    encoder = model.settings.get("features", "clip")
    return (
        f"It reads patch maps of the frozen encoder in `data/{'clip/model' if encoder == 'clip' else 'clip/labels'}` "
        f"and its prompts; with another encoder its answers mean nothing. `python -m relclip.predict --run {model.run} "
        "--help` applies it to a data set; `relclip --help` lists the other ways."
    )


def _trained_on(origin: Origin, model: Released) -> str:
    """The data set in words, with the counts that training wrote down."""
    labels = _LABELS.get(str(model.settings.get("supervision")), str(model.settings.get("supervision")))
    counts = model.statistics
    numbers = [
        f"{counts[name]:,} {words}"
        for name, words in (("images", "train pictures"), ("labelled_pairs", "labelled pairs of things"))
        if isinstance(counts.get(name), int)
    ]
    return (
        f"{escape_markdown(origin.about)} Labels: {labels}. {', '.join(numbers) + '. ' if numbers else ''}"
        f"Seed {model.settings.get('seed', 0)}."
    )


def _limits(origin: Origin, model: Released) -> str:
    """For what it was made, for what not."""
    points = [
        "For research on visual relationship detection: comparing methods, and studying labels made from captions.",
        "Scores order the triplets of one picture; they are no probabilities unless the run was calibrated.",
        "It knows no relation and no kind of thing outside its vocabulary, and needs boxes: people's or a detector's.",
        "Not for decisions about people: what captions say of people, true or not, is in its labels.",
    ]
    if origin.drawn:
        points.insert(1, "It has seen drawn scenes alone: on photographs nothing is known of it.")
    if model.settings.get("supervision") != "full":
        points.append("Its labels are guesses: triplets that captions never state, it cannot have learned.")
    return "\n".join(f"- {point}" for point in points)


def _again(model: Released, commit: str) -> str:
    """The commands that make the model; `commit`: `<hash>`, or `<hash> with uncommitted changes`, or why unknown."""
    known = re.match(r"[0-9a-f]{40,64}\b", commit)
    lines = [
        *([f"git checkout {known[0]}"] if known else []),
        "make tables  # every table; or this model and what it needs, in the activated environment:",
        f"snakemake --cores all {model.folder}/model.safetensors",
    ]
    words = [
        "With the params.yaml whose SHA-256 stands below.",
        *(["The folder had changes that this commit does not hold."] if known and commit != known[0] else []),
        "MLflow's entry of the run names the commit it was trained at.",
    ]
    return "\n".join(["```sh", *lines, "```", "", " ".join(words)])
