"""The files that DVC compares and plots: metrics.json by run, plots/validation.csv, a line a point of a run."""

from collections.abc import Sequence
from pathlib import Path

from relclip.core.atomic import atomic_folder, write_json, write_text
from relclip.core.params.whole import Params
from relclip.tables.plain import as_csv
from relclip.tables.released import trained_runs
from relclip.tables.results import read_result
from relclip.tables.sources import read_curve

#: What `dvc metrics diff` compares, PredCls; every other number is in tables/.
HEADLINE = ("recall_at_50", "mean_recall_at_50")


def write_numbers(params: Params, train: Path, evaluate: Path, output: Path) -> None:
    """Write the headline of every run that was evaluated, and the validation recalls of table 1's trainings.

    Where none of those is there, of all trainings.
    """
    trained = [*params.runs, *params.refined]
    runs = [*trained, *params.predictions, *params.predict.training_free]
    results = {run: result for run in runs if (result := read_result(evaluate, run, "predcls", "annotation"))}
    headlines = {run: {name: result.metrics[name] for name in HEADLINE} for run, result in results.items()}
    write_json(output / "metrics.json", headlines)
    header: list[Sequence[object]] = [("run", "step", "recall_at_50", "mean_recall_at_50")]
    points = [point for run in trained_runs(params) for point in _points(run, train)]
    points = points or [point for run in trained for point in _points(run, train)]
    with atomic_folder(output / "plots") as folder:
        write_text(folder / "validation.csv", as_csv(header + points))


def _points(run: str, train: Path) -> list[Sequence[object]]:
    curve = read_curve(train / run / "curves.csv")
    if not curve:
        return []
    steps, recalls = curve.points("val_recall_at_50")
    means = curve.points("val_mean_recall_at_50")[1]
    return [
        (run, int(step), float(one), float(two)) for step, one, two in zip(steps, recalls, means, strict=True)
    ]
