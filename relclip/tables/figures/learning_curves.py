"""Training curves: the loss and the validation recall of the rows of one table, one thin line a seed."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from relclip.core.recall import MAIN
from relclip.tables.figures.style import Theme, blank
from relclip.tables.sources import Curve

#: (column of curves.csv, heading, factor): losses as they are, recalls in percent.
PANELS = (
    ("loss_predicate", "Predicate loss (training)", 1.0),
    *((f"val_{metric.at()}", f"PredCls {metric.label()} (validation, %)", 100.0) for metric in MAIN),
)
POINTS_AFTER_SMOOTHING = 60


@dataclass(frozen=True)
class Trained:
    """The curves of one row of a table, and the number of its colour."""

    name: str
    colour: int
    curves: tuple[Curve, ...]


def curves_figure(theme: Theme, rows: Sequence[Trained]) -> Figure:
    """Draw three panels, one above the other, with one legend."""
    figure, axes = blank(5.6 + 0.17 * len(rows), len(PANELS), sharex=True)
    for axis, (column, heading, factor) in zip(axes, PANELS, strict=True):
        _panel(theme, axis, rows, column, factor)
        axis.set_title(heading)
    axes[-1].set_xlabel("iterations")
    handles = [
        Line2D([], [], color=theme.colour(row.colour), ls=theme.dashes(row.colour), label=row.name, lw=2)
        for row in rows
    ]
    figure.legend(handles=handles, loc="outside lower left", ncols=1, handlelength=2.2)
    return figure


def _panel(theme: Theme, axis: Axes, rows: Sequence[Trained], column: str, factor: float) -> None:
    for row in rows:
        for curve in row.curves:
            steps, values = smooth(*curve.points(column))
            marker = "o" if len(steps) <= 20 else ""
            axis.plot(
                steps,
                values * factor,
                color=theme.colour(row.colour),
                ls=theme.dashes(row.colour),
                marker=marker,
                ms=3,
                lw=1.3,
                alpha=0.85,
            )
    axis.set_xlim(left=0)
    # A recall that is still zero is drawn as a line at the bottom of a scale that can be read.
    axis.set_ylim(0, max(axis.get_ylim()[1], 5.0 if factor > 1 else 0.0))
    axis.grid(axis="x", visible=False)


def smooth(steps: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Average runs of neighbouring points so that at most 60 remain: a loss of one batch is mostly noise."""
    size = -(-len(steps) // POINTS_AFTER_SMOOTHING)
    if size <= 1:
        return steps, values
    starts = np.arange(0, len(steps), size)
    lengths = np.diff([*starts, len(steps)])
    return steps[starts + lengths - 1], np.add.reduceat(values, starts) / lengths
