"""The stage: read what the other stages wrote, write tables, figures, plots, metrics and the page."""

from pathlib import Path
from typing import Any

from relclip.core.atomic import atomic_folder, write_text
from relclip.tables import claims as claim_table
from relclip.tables import draw, draw_examples, draw_recall, kb_size, latex, page, plain
from relclip.tables.cards import write_cards
from relclip.tables.gather import Gathered, Inputs, gather
from relclip.tables.knowledge import quality_rows
from relclip.tables.numbers import write_numbers
from relclip.tables.provenance import facts
from relclip.tables.released import released
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
    write_numbers(gathered.params, inputs.train, inputs.evaluate, output)
    write_text(output / "index.html", html)


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
        "claims": draw.draw_claims(gathered.claims, folder),
        "curves": draw.draw_curves(params, inputs.train, folder),
        "predicates": draw_recall.draw_recalls(params, data, evaluate, folder),
        "contrast": draw_recall.draw_contrast(params, data, evaluate, folder),
        "runs": draw_recall.draw_every_run(params, data, evaluate, folder),
        "relations": draw.draw_relations(data, folder),
        "knowledge": draw.draw_knowledge(data, gathered.knowledge, gathered.quality, folder),
        "sizes": draw.draw_sizes(sizes, folder),
        "attention": draw_examples.draw_attention(inputs.gradcam, inputs.raw, folder),
    }


def _draw_pictures(gathered: Gathered, inputs: Inputs, folder: Path) -> dict[str, Any]:
    params, data = gathered.params, gathered.data
    return {
        "samples": draw_examples.draw_samples(params, data, inputs.raw, folder),
        "examples": draw_examples.draw_examples(params, data, inputs.raw, inputs.predict, folder),
    }
