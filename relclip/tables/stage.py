"""The stage: read what the other stages wrote, write tables, figures, plots, metrics and the page."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from relclip.core.atomic import atomic_folder, write_text
from relclip.core.params import Params, load_params
from relclip.tables import claims as claim_table
from relclip.tables import (
    content,
    draw_curves,
    draw_data,
    draw_examples,
    draw_recall,
    encoder,
    explain,
    kb_size,
    latex,
    page,
    paper,
    plain,
    provenance,
)
from relclip.tables.account import read_account
from relclip.tables.claims import Claim, read_claims
from relclip.tables.examples import TOP
from relclip.tables.grid import Table, build_tables
from relclip.tables.knowledge import Quality, quality, quality_rows
from relclip.tables.layout import OF_PAPER, TASKS
from relclip.tables.numbers import write_numbers
from relclip.tables.results import Result, read_json
from relclip.tables.sources import SPLITS, DataSet, KnowledgeBase, read_data_set, read_knowledge_base

CONTENTS = (
    ("about", "What this is"),
    ("results", "Tables"),
    ("claims", "Claims of the paper"),
    ("beyond", "Beyond the paper"),
    ("examples", "What the model sees"),
    ("relations", "Recall by relation"),
    ("training", "Training"),
    ("encoder", "What CLIP knows"),
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
    predict: Path | None = None
    gradcam: Path | None = None
    claims: Path | None = None
    clip: Path | None = None
    ext: Path | None = None
    detector: Path | None = None
    benchmarks: Path | None = None


@dataclass(frozen=True)
class Gathered:
    """Everything that was read, and the tables made of it. `quality`, `knowledge_of`: by what was judged against."""

    params: Params
    data: DataSet
    knowledge: KnowledgeBase
    quality: Mapping[str, Quality]
    knowledge_of: Mapping[str, Mapping[str, Result]]
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
        pictures = _draw_pictures(gathered, inputs, folder)
        html = page.render(folder=folder, figures=figures, **pictures, **_page(gathered, inputs))
    write_numbers(gathered.params, inputs.train, inputs.evaluate, output)
    write_text(output / "index.html", html)


def _gather(inputs: Inputs) -> Gathered:
    params, data = load_params(inputs.params), read_data_set(inputs.dataset)
    knowledge = read_knowledge_base(inputs.kb)
    relations = {"annotation": data.relations} | ({"truth": data.truth} if data.truth is not None else {})
    triplets = kb_size.triplets_of_runs(params, inputs.kb)
    known = {judged: kb_size.results(params, data, triplets, one) for judged, one in relations.items()}
    tables = {
        judged: build_tables(params, inputs.evaluate, judged, known.get(judged))
        for judged in ("annotation", *(["truth"] if params.dataset.truth else []))
    }
    return Gathered(
        *(params, data, knowledge),
        {judged: quality(knowledge.triplets, data, one) for judged, one in relations.items()},
        *(known, tables["annotation"], tables.get("truth", [])),
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
    predicates = gathered.data.vocabulary.predicates
    write_text(folder / "knowledge.csv", plain.as_csv(quality_rows(predicates, gathered.quality)))


def _draw(gathered: Gathered, inputs: Inputs, folder: Path) -> dict[str, Any]:
    params, data, evaluate = gathered.params, gathered.data, inputs.evaluate
    sizes = kb_size.sizes(params, evaluate, gathered.knowledge_of["annotation"])
    return {
        "curves": draw_curves.draw_curves(params, inputs.train, folder),
        "predicates": draw_recall.draw_recalls(params, data, evaluate, folder),
        "contrast": draw_recall.draw_contrast(params, data, evaluate, folder),
        "runs": draw_recall.draw_every_run(params, data, evaluate, folder),
        "relations": draw_data.draw_relations(data, folder),
        "knowledge": draw_data.draw_knowledge(data, gathered.knowledge, gathered.quality, folder),
        "sizes": draw_data.draw_sizes(sizes, folder),
        "attention": draw_examples.draw_attention(inputs.gradcam, inputs.raw, folder),
    }


def _draw_pictures(gathered: Gathered, inputs: Inputs, folder: Path) -> dict[str, Any]:
    params, data = gathered.params, gathered.data
    return {
        "samples": draw_examples.draw_samples(params, data, inputs.raw, folder),
        "examples": draw_examples.draw_examples(params, data, inputs.raw, inputs.predict, folder),
    }


def _page(gathered: Gathered, inputs: Inputs) -> dict[str, Any]:
    params, data = gathered.params, gathered.data
    predicates = data.vocabulary.predicates
    built = content.built_rows(params, inputs.evaluate)
    return {
        "contents": CONTENTS,
        "tasks": TASKS,
        "measured_on": explain.measured_on(params),
        "orientation": explain.orientation(params),
        "how_to_read": explain.how_to_read(params, OF_PAPER[0]),
        "how_to_read_beyond": explain.how_to_read(params, "beyond"),
        "citation": paper.citation(),
        "paper_data": paper.data(),
        "scenes_source": params.raw.source == "scenes",
        "banner": explain.UNTRAINED if encoder.untrained(inputs.clip) else "",
        "classes": len(set(data.objects["class_id"].tolist())),
        "predicates": predicates,
        "tiles": content.tiles(data, gathered.knowledge),
        "tables": content.table_pairs(gathered.annotation, gathered.truth),
        "of_paper": OF_PAPER,
        "row_names": content.row_names(params),
        "top": TOP,
        "verdicts_of_examples": content.VERDICTS,
        "truth_known": data.truth is not None,
        "whole_quality": {judged: one.whole for judged, one in gathered.quality.items()},
        "detector_facts": content.detector_facts(inputs.detector),
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
