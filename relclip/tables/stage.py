"""The stage: read what the other stages wrote, write tables, figures, plots, metrics and the page.

And what the tables know of each run, for its line in MLflow: row names, figures, model card, digests of its data.
"""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from relclip.core.atomic import atomic_folder, write_json, write_text
from relclip.core.errors import ContractError
from relclip.core.json_file import read_json
from relclip.core.page import as_csv
from relclip.core.params.whole import Params
from relclip.core.recall import MAIN_NAMES
from relclip.core.trained import CONFIG
from relclip.tables import claims as claim_table
from relclip.tables import draw, draw_examples, draw_recall, latex, page, plain
from relclip.tables.cards import write_cards
from relclip.tables.gather import Gathered, Inputs, gather
from relclip.tables.knowledge import knowledge_sizes, quality_rows
from relclip.tables.layout import rows_of, run_names
from relclip.tables.provenance import facts
from relclip.tables.results import read_result, released, trained_runs
from relclip.tables.sources import read_curve
from relclip.tables.values import page_values
from relclip.tracking.publish import Entry


def make_report(inputs: Inputs, output: Path) -> None:
    """Write tables/, figures/, model_cards/, plots/, metrics/ and index.html below `output`.

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
    """The files that DVC compares and plots: metrics/<run>.json, which it shows as a line; plots/validation.csv, a line
    a point of a run.

    The latter of table 1's trainings; where none of those is there, of all.
    """
    results = {
        run: result
        for run in params.judged
        if (result := read_result(evaluate, run, "predcls", "annotation"))
    }
    # What `dvc metrics diff` compares, PredCls; every other number is in tables/.
    with atomic_folder(output / "metrics") as folder:
        for run, result in results.items():
            write_json(folder / f"{run}.json", {name: result.metrics[name] for name in MAIN_NAMES})
    header: list[Sequence[object]] = [("run", "step", *MAIN_NAMES)]
    points = [point for run in trained_runs(params) for point in _points(run, train)]
    points = points or [point for run in params.trained for point in _points(run, train)]
    with atomic_folder(output / "plots") as folder:
        write_text(folder / "validation.csv", as_csv(header + points))


def _points(run: str, train: Path) -> list[Sequence[object]]:
    curve = read_curve(train / run / "curves.csv")
    if not curve:
        return []
    watched = [curve.points(f"val_{name}") for name in MAIN_NAMES]
    rows = zip(watched[0][0], *(values for _, values in watched), strict=True)
    return [(run, int(step), *map(float, values)) for step, *values in rows]


#: A training names its patch maps by their encoder.
_ENCODERS = {"clip": "features/clip", "labels": "features/labels"}


def entries(params: Params, train: Path, predict: Path | None, output: Path) -> list[Entry]:
    """An entry a run that was predicted; `output`: where the report was written."""
    rows, names = rows_of(params), run_names(params)
    found = []
    for run in params.judged:
        sheet = predict / run / "provenance.json" if predict else None
        if sheet is None or not sheet.is_file():
            continue
        mine = rows.get(run, [])
        found.append(
            Entry(
                of={"run": run, "model_sha256": _digest_of_model(sheet)},
                name=names.get(run, run),
                tags={"row": "; ".join(mine) or "in no table"},
                note=_note(run, mine),
                files=_files(run, output, train / run / CONFIG),
                data=data_digests(train / run / CONFIG),
            )
        )
    return found


def data_digests(config: Path) -> dict[str, str]:
    """Data set (dataset, kb, ext, ...) -> SHA-256 of the SHA-256s of its files that a training read; {} without one."""
    content = read_json(config).get("inputs", {}) if config.is_file() else {}
    digests: dict[str, list[str]] = {}
    for name, digest in sorted(content.items()):
        folder = name.partition("/")[0]
        digests.setdefault(_ENCODERS.get(folder, folder), []).append(f"{name} {digest}\n")
    return {name: hashlib.sha256("".join(lines).encode()).hexdigest() for name, lines in digests.items()}


def _digest_of_model(sheet: Path) -> str:
    content: Mapping[str, str] = read_json(sheet)
    if "model_sha256" not in content:
        raise ContractError(f"{sheet} lacks model_sha256; run predict again")
    return str(content["model_sha256"])


def _files(run: str, output: Path, config: Path) -> dict[str, list[Path]]:
    figures, card = output / "figures", output / "model_cards" / f"{run}.md"
    drawn = [figures / "predicates" / f"{run}.svg", figures / f"attention-{run}.jpg"]
    drawn += sorted(figures.glob(f"example-*-{run}.jpg"))
    there = [path for path in drawn if path.is_file()]
    about = [path for path in (card, config) if path.is_file()]
    return {"figures": there} | ({"": about} if about else {})


def _note(run: str, rows: list[str]) -> str:
    lines = [f"`{run}` of params.yaml.", "", *(f"- {row}" for row in rows)]
    return "\n".join(
        [
            *lines,
            "",
            "Artifacts: figures, config.json (digests of what it read), for table 1's runs a model card.",
        ]
    )
