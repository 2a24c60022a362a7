"""The stage: read what the other stages wrote, write tables, figures, plots, metrics and the page."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from relclip.core.atomic import atomic_folder, write_json, write_text
from relclip.core.params import Params, load_params
from relclip.tables import claims as claim_table
from relclip.tables import content, draw, encoder, explain, latex, page, paper, plain, provenance
from relclip.tables.account import read_account
from relclip.tables.claims import Claim, read_claims
from relclip.tables.figures.scenes import save_scene
from relclip.tables.grid import TASKS, Table, build_tables
from relclip.tables.results import read_json, read_result
from relclip.tables.samples import choose_scenes
from relclip.tables.sources import (
    SPLITS,
    DataSet,
    KnowledgeBase,
    read_curve,
    read_data_set,
    read_knowledge_base,
)

CONTENTS = (
    ("about", "What this is"),
    ("results", "Tables"),
    ("claims", "Claims of the paper"),
    ("encoder", "What CLIP knows"),
    ("training", "Training and recall by relation"),
    ("scenes", "Sample pictures"),
    ("dataset", "The data set"),
    ("knowledge", "The knowledge base"),
    ("provenance", "Protocol and provenance"),
)


@dataclass(frozen=True)
class Inputs:
    """Where each stage's output lies; None: not given, and the report does without."""

    params: Path
    raw: Path
    dataset: Path
    kb: Path
    train: Path
    evaluate: Path
    claims: Path | None = None
    clip: Path | None = None
    ext: Path | None = None
    benchmarks: Path | None = None


@dataclass(frozen=True)
class Gathered:
    """Everything that was read, and the tables made of it."""

    params: Params
    data: DataSet
    knowledge: KnowledgeBase
    annotation: list[Table]
    truth: list[Table]
    claims: list[Claim]


def make_report(inputs: Inputs, output: Path) -> None:
    """Write tables/, figures/, plots/, metrics.json and index.html below `output`.

    Raises ContractError where another stage's file is absent or broken; runs without results are marked.
    """
    gathered = _gather(inputs)
    with atomic_folder(output / "tables") as folder:
        _write_tables(gathered, folder)
    with atomic_folder(output / "figures") as folder:
        figures = _draw(gathered, inputs, folder)
        samples = _draw_scenes(gathered, inputs.raw, folder)
        html = page.render(folder=folder, figures=figures, samples=samples, **_page(gathered, inputs))
    _write_numbers(gathered.params, inputs, output)
    write_text(output / "index.html", html)


def _gather(inputs: Inputs) -> Gathered:
    params = load_params(inputs.params)
    return Gathered(
        params,
        read_data_set(inputs.dataset),
        read_knowledge_base(inputs.kb),
        build_tables(params, inputs.evaluate, "annotation"),
        build_tables(params, inputs.evaluate, "truth") if params.dataset.truth else [],
        read_claims(inputs.claims) if inputs.claims else [],
    )


def _write_tables(gathered: Gathered, folder: Path) -> None:
    for number, first in enumerate(gathered.annotation):
        pair = [first, *gathered.truth[number : number + 1]]
        write_text(folder / f"{first.key}.csv", plain.tables_csv(pair))
        write_text(folder / f"{first.key}.md", plain.tables_markdown(pair))
        write_text(folder / f"{first.key}.tex", latex.tables_latex(pair))
    rows = [claim_table.HEADER, *claim_table.claim_rows(gathered.claims)]
    write_text(folder / "claims.csv", plain.as_csv(rows))
    write_text(folder / "claims.md", plain.claims_markdown(gathered.claims))
    write_text(folder / "claims.tex", latex.claims_latex(gathered.claims))


def _draw(gathered: Gathered, inputs: Inputs, folder: Path) -> dict[str, list[draw.Drawn]]:
    return {
        "curves": draw.draw_curves(gathered.params, inputs.train, folder),
        "predicates": draw.draw_predicates(gathered.params, gathered.data, inputs.evaluate, folder),
        "relations": draw.draw_relations(gathered.data, folder),
        "knowledge": draw.draw_knowledge(gathered.data, gathered.knowledge, folder),
    }


def _draw_scenes(gathered: Gathered, raw: Path, folder: Path) -> list[dict[str, Any]]:
    samples = []
    for number, scene in enumerate(choose_scenes(gathered.data, gathered.params.evaluate.seed), 1):
        path = folder / f"scene-{number}.jpg"
        save_scene(raw, scene, path)
        samples.append({"scene": scene, "path": path})
    return samples


def _write_numbers(params: Params, inputs: Inputs, output: Path) -> None:
    """The files that DVC compares and plots: metrics.json by run, plots/validation.csv, a line a point."""
    runs = [*params.runs, *params.predict.training_free]
    results = {
        run: result for run in runs if (result := read_result(inputs.evaluate, run, "predcls", "annotation"))
    }
    write_json(output / "metrics.json", {run: dict(result.metrics) for run, result in results.items()})
    points: list[Sequence[object]] = [("run", "step", "recall_at_50", "mean_recall_at_50")]
    for run in params.runs:
        curve = read_curve(inputs.train / run / "curves.csv")
        steps, recalls = curve.points("val_recall_at_50") if curve else ((), ())
        means = curve.points("val_mean_recall_at_50")[1] if curve else ()
        points += [
            (run, int(step), float(one), float(two))
            for step, one, two in zip(steps, recalls, means, strict=True)
        ]
    with atomic_folder(output / "plots") as folder:
        write_text(folder / "validation.csv", plain.as_csv(points))


def _page(gathered: Gathered, inputs: Inputs) -> dict[str, Any]:
    params, data = gathered.params, gathered.data
    predicates = data.vocabulary.predicates
    built = content.built_rows(params, inputs.evaluate)
    return {
        "contents": CONTENTS,
        "tasks": TASKS,
        "measured_on": explain.measured_on(params),
        "orientation": explain.orientation(params),
        "how_to_read": explain.how_to_read(params),
        "citation": paper.citation(),
        "paper_data": paper.data(),
        "scenes_source": params.raw.source == "scenes",
        "banner": explain.UNTRAINED if encoder.untrained(inputs.clip) else "",
        "classes": len(set(data.objects["class_id"].tolist())),
        "predicates": predicates,
        "tiles": content.tiles(data, gathered.knowledge),
        "tables": content.table_pairs(gathered.annotation, gathered.truth),
        "others": content.other_metrics(built, params.evaluate.require_overlap),
        "ties": content.tie_spreads(built),
        "claims": gathered.claims,
        "claim_columns": claim_table.columns(gathered.claims),
        "claim_caption": claim_table.caption(),
        "verdicts": [
            claim_table.verdicts(gathered.claims, "annotation", metric) for metric in claim_table.METRICS
        ],
        "metric_label": claim_table.metric_label,
        "ext_check": content.ext_check(params, inputs.evaluate),
        "clip_accuracies": encoder.clip_accuracies(inputs.clip),
        "ext_accuracies": encoder.ext_accuracies(inputs.ext),
        "account": read_account(inputs.dataset / "account.json"),
        "splits": SPLITS,
        "kb_facts": content.scalars(read_json(inputs.kb / "statistics.json")),
        "top_triplets": [
            (name, gathered.knowledge.top(data.vocabulary, number))
            for number, name in enumerate(predicates, 1)
        ],
        "protocol": content.scalars(params.evaluate.model_dump()),
        "provenance": provenance.facts(inputs.params),
        "times": provenance.stage_times(inputs.benchmarks),
    }
