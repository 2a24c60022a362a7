"""The claims as a forest plot: each paired difference with its interval, beside the line of no difference."""

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from relclip.tables.figures.style import Theme, blank, wrapped

#: Letters of a claim that fit one line beside the axis.
LETTERS = 34
APART = 0.17


@dataclass(frozen=True)
class Interval:
    """A difference in percentage points, its 95 % interval, whether the interval leaves zero outside."""

    middle: float
    low: float
    high: float

    @property
    def decided(self) -> bool:
        """Whether zero lies outside."""
        return not self.low <= 0 <= self.high


@dataclass(frozen=True)
class Compared:
    """A claim and its differences, one a metric, in the order of the legend; None: not measured."""

    claim: str
    differences: tuple[Interval | None, ...]


def forest_figure(theme: Theme, metrics: Sequence[str], rows: Sequence[Compared]) -> Figure:
    """Draw a line a claim in the order given, the first on top; filled where the interval leaves zero outside."""
    names = [wrapped(row.claim, LETTERS) for row in rows]
    heights = [1 + 0.45 * name.count("\n") for name in names]
    figure, (axis,) = blank(0.25 * sum(heights) + 1.1)
    places = [sum(heights[:number]) + (height - 1) / 2 for number, height in enumerate(heights)]
    axis.axvline(0, color=theme.muted, lw=0.9, zorder=1)
    for number, metric in enumerate(metrics):
        shift = APART * (2 * number - len(metrics) + 1)
        found = [(place + shift, row.differences[number]) for place, row in zip(places, rows, strict=True)]
        _series(axis, theme, [(y, one) for y, one in found if one], theme.series[number], metric)
    axis.set_yticks(places, names)
    axis.set_ylim(places[-1] + 0.7, -0.7)
    axis.grid(axis="y", visible=False)
    axis.set_xlabel("better minus worse, percentage points")
    figure.legend(loc="outside upper right", ncols=len(metrics), handletextpad=0.1, columnspacing=1.0)
    return figure


def _series(
    axis: Axes, theme: Theme, found: Sequence[tuple[float, Interval]], colour: str, metric: str
) -> None:
    rows = [y for y, _ in found]
    axis.hlines(rows, [one.low for _, one in found], [one.high for _, one in found], color=colour, lw=1.5)
    for y, one in found:
        axis.plot(one.middle, y, "o", ms=4.5, mec=colour, mfc=colour if one.decided else theme.surface)
    axis.plot([], [], "o", ms=4.5, color=colour, label=metric)
