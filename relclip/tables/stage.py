"""The stage: read what the other stages wrote, write tables, figures, plots, metrics and the page."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from relclip.core.atomic import atomic_folder, write_json, write_text
from relclip.core.params.whole import Params
from relclip.core.recall import MAIN_NAMES
from relclip.tables import claims as claim_table
from relclip.tables import draw, draw_examples, draw_recall, latex, page, plain
from relclip.tables.cards import write_cards
from relclip.tables.gather import Gathered, Inputs, gather
from relclip.tables.knowledge import knowledge_sizes, quality_rows
from relclip.tables.plain import as_csv
from relclip.tables.provenance import facts
from relclip.tables.results import read_result, released, trained_runs
from relclip.tables.sources import read_curve
from relclip.tables.values import page_values


def make_report(inputs: Inputs, output: Path) -> None:
    """Write tables/, figures/, model_cards/, plots/, metrics.json and index.html below `output`.

    Raises ContractError where another stage's file is absent or broken; runs without results are marked.
    """
    gathered = gather(inputs)
    models = released(gathered.params, inputs.train, inputs.predict, inputs.evaluate)
    origin = facts(inputs.params)
    with atomic_folder(output / "model_cards") as folder:
        write_cards(gathered.origin, models, origin, folder)
    with atomic_folder(output / "tables") as folder:
        _write_tables(gathered, folder)
    with atomic_folder(output / "figures") as folder:
        figures = _draw(gathered, inputs, folder)
        pictures = _draw_pictures(gathered, inputs, folder)
        shown = {"figures": figures, "models": models, "provenance": origin, **pictures}
        html = page.render(folder=folder, **shown, **page_values(gathered, inputs))
    _write_numbers(gathered.params, inputs.train, inputs.evaluate, output)
    write_text(output / "index.html", html)


def _write_tables(gathered: Gathered, folder: Path) -> None:
    for number, first in enumerate(gathered.annotation):
        pair = [first, *gathered.truth[number : number + 1]]
        write_text(folder / f"{first.key}.csv", plain.tables_csv(pair))
        write_text(folder / f"{first.key}.md", plain.tables_markdown(pair))
        write_text(folder / f"{first.key}.tex", latex.tables_latex(pair))
    rows = [claim_table.HEADER, *claim_table.claim_rows(gathered.claims)]
    write_text(folder / "claims.csv", as_csv(rows))
    write_text(folder / "claims.md", plain.claims_markdown(gathered.claims))
    write_text(folder / "claims.tex", latex.claims_latex(gathered.claims))
    predicates = gathered.data.vocabulary.predicates
    write_text(folder / "knowledge.csv", as_csv(quality_rows(predicates, gathered.quality)))


def _draw(gathered: Gathered, inputs: Inputs, folder: Path) -> dict[str, Any]:
    params, data, evaluate = gathered.params, gathered.data, inputs.evaluate
    sizes = knowledge_sizes(params, evaluate, gathered.knowledge_of["annotation"])
    return {
        "claims": draw.draw_claims(gathered.claims, folder),
        "curves": draw.draw_curves(params, inputs.train, folder),
        "predicates": draw_recall.draw_recalls(params, data, evaluate, folder),
        "contrast": draw_recall.draw_contrast(params, data, evaluate, folder),
        "runs": draw_recall.draw_every_run(params, data, evaluate, folder),
        "relations": draw.draw_relations(data, folder),
        "knowledge": draw.draw_knowledge(data, gathered.knowledge, gathered.quality, folder)
        if gathered.knowledge
        else [],
        "sizes": draw.draw_sizes(sizes, folder),
        "attention": draw_examples.draw_attention(inputs.gradcam, inputs.raw, folder),
    }


def _draw_pictures(gathered: Gathered, inputs: Inputs, folder: Path) -> dict[str, Any]:
    params, data = gathered.params, gathered.data
    return {
        "samples": draw_examples.draw_samples(params, data, inputs.raw, folder),
        "examples": draw_examples.draw_examples(params, data, inputs.raw, inputs.predict, folder),
    }


def _write_numbers(params: Params, train: Path, evaluate: Path, output: Path) -> None:
    """The files that DVC compares and plots: metrics.json by run, plots/validation.csv, a line a point of a run.

    The latter of table 1's trainings; where none of those is there, of all.
    """
    trained = [*params.runs, *params.refined]
    runs = [*trained, *params.predictions, *params.predict.training_free]
    results = {run: result for run in runs if (result := read_result(evaluate, run, "predcls", "annotation"))}
    # What `dvc metrics diff` compares, PredCls; every other number is in tables/.
    headlines = {run: {name: result.metrics[name] for name in MAIN_NAMES} for run, result in results.items()}
    write_json(output / "metrics.json", headlines)
    header: list[Sequence[object]] = [("run", "step", *MAIN_NAMES)]
    points = [point for run in trained_runs(params) for point in _points(run, train)]
    points = points or [point for run in trained for point in _points(run, train)]
    with atomic_folder(output / "plots") as folder:
        write_text(folder / "validation.csv", as_csv(header + points))


def _points(run: str, train: Path) -> list[Sequence[object]]:
    curve = read_curve(train / run / "curves.csv")
    if not curve:
        return []
    watched = [curve.points(f"val_{name}") for name in MAIN_NAMES]
    rows = zip(watched[0][0], *(values for _, values in watched), strict=True)
    return [(run, int(step), *map(float, values)) for step, *values in rows]
