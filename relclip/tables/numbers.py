"""The files that DVC compares and plots: metrics.json by run, plots/validation.csv, a line a point of a run."""

from collections.abc import Sequence
from pathlib import Path

from relclip.core.atomic import atomic_folder, write_json, write_text
from relclip.core.params.whole import Params
from relclip.core.recall import MAIN_NAMES
from relclip.tables.plain import as_csv
from relclip.tables.released import trained_runs
from relclip.tables.results import read_result
from relclip.tables.sources import read_curve


def write_numbers(params: Params, train: Path, evaluate: Path, output: Path) -> None:
    """Write the headline of every run that was evaluated, and the validation recalls of table 1's trainings.

    Where none of those is there, of all trainings.
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
