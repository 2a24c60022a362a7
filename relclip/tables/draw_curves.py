"""The training curves of each table, one figure a table, each training in one colour everywhere."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from relclip.core.params.tables import Block, Report, Row
from relclip.core.params.whole import Params
from relclip.tables.drawn import Drawn
from relclip.tables.figures.curves import Trained, curves_figure
from relclip.tables.figures.style import save_themed
from relclip.tables.names import table_name
from relclip.tables.sources import read_curve


def draw_curves(params: Params, train: Path, folder: Path) -> list[Drawn]:
    """Draw the training curves of each block of rows that has trained ones, of the tables that ask for them."""
    drawn = []
    colours = row_colours(params)
    for table, key, block in _blocks(params.report):
        rows = [_trained(params.report.tables[table].legend, row, train, colours[key]) for row in block.rows]
        trained = [one for one in rows if one]
        if trained:
            save_themed(folder, f"curves-{key}", partial(curves_figure, rows=trained))
            text = "Loss on the training batches, recall on validation pictures; one line a seed."
            title = ", ".join(filter(None, (table_name(params.report, table), block.title)))
            drawn.append(Drawn(f"curves-{key}", f"Training, {title[:1].lower()}{title[1:]}", text))
    return drawn


def _blocks(report: Report) -> list[tuple[str, str, Block]]:
    """(table, key, block) of the tables that ask for curves."""
    return [
        (table, key, block)
        for table in report.tables
        if report.tables[table].curves
        for key, block in report.blocks(table).items()
    ]


def _trained(legend: str, row: Row, train: Path, colours: Mapping[str, int]) -> Trained | None:
    curves = tuple(curve for run in row.runs if (curve := read_curve(train / run / "curves.csv")))
    return Trained(legend.format(row.name), colours[row.runs[0]], curves) if curves else None


def row_colours(params: Params) -> dict[str, dict[str, int]]:
    """Block -> first run of a row -> number of its colour: a training keeps its colour in all tables."""
    kept: dict[str, int] = {}
    colours: dict[str, dict[str, int]] = {}
    for _, key, block in _blocks(params.report):
        runs = [
            row.runs[0] for row in block.rows if row.runs and row.runs[0] in (*params.runs, *params.refined)
        ]
        used = {kept[run] for run in runs if run in kept}
        free = (number for number in range(len(runs) + len(used)) if number not in used)
        colours[key] = {run: kept[run] if run in kept else next(free) for run in dict.fromkeys(runs)}
        kept = colours[key] | kept
    return colours
