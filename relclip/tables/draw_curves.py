"""The training curves of each table, one figure a table, each training in one colour everywhere."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from relclip.core.params.tables import Row
from relclip.core.params.whole import Params
from relclip.tables.drawn import Drawn
from relclip.tables.figures.curves import Trained, curves_figure
from relclip.tables.figures.style import save_themed
from relclip.tables.sources import read_curve

#: Figure -> the sections of params.tables whose trained rows it shows.
CURVES = {
    "table1_distant": ("table1_distant",),
    "table1_full": ("table1_full",),
    "table3": ("table3",),
    "table4": ("table4",),
    "table5": ("table5",),
    "table6": ("table6",),
}
TITLES = {"table1_distant": "table 1, distant supervision", "table1_full": "table 1, full supervision"}
#: Section -> what a row is called where its heading is not in sight.
LEGENDS = {"table6": "epsilon {}"}


def draw_curves(params: Params, train: Path, folder: Path) -> list[Drawn]:
    """Draw the training curves of each table that has trained rows."""
    drawn = []
    colours = row_colours(params)
    for table, blocks in CURVES.items():
        rows = [(block, row) for block in blocks for row in getattr(params.tables, block)]
        trained = [one for block, row in rows if (one := _trained(block, row, train, colours[table]))]
        if trained:
            save_themed(folder, f"curves-{table}", partial(curves_figure, rows=trained))
            text = "Loss on the training batches, recall on validation pictures; one line a seed."
            title = TITLES.get(table, f"table {table.removeprefix('table')}")
            drawn.append(Drawn(f"curves-{table}", f"Training, {title}", text))
    return drawn


def _trained(block: str, row: Row, train: Path, colours: Mapping[str, int]) -> Trained | None:
    curves = tuple(curve for run in row.runs if (curve := read_curve(train / run / "curves.csv")))
    name = LEGENDS.get(block, "{}").format(row.name)
    return Trained(name, colours[row.runs[0]], curves) if curves else None


def row_colours(params: Params) -> dict[str, dict[str, int]]:
    """Table -> first run of a row -> number of its colour: a training keeps its colour in all tables."""
    kept: dict[str, int] = {}
    colours: dict[str, dict[str, int]] = {}
    for table, blocks in CURVES.items():
        runs = [
            row.runs[0]
            for block in blocks
            for row in getattr(params.tables, block)
            if row.runs and row.runs[0] in (*params.runs, *params.refined)
        ]
        used = {kept[run] for run in runs if run in kept}
        free = (number for number in range(len(runs) + len(used)) if number not in used)
        colours[table] = {run: kept[run] if run in kept else next(free) for run in dict.fromkeys(runs)}
        kept = colours[table] | kept
    return colours
