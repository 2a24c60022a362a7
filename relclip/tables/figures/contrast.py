"""Figure 6: recall of each predicate with and without RCL, and what riding and carrying are taken for."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, to_hex
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import NDArray

from relclip.core.readable import readable
from relclip.tables.figures.quality import predicate_axis
from relclip.tables.figures.style import Theme, blank, wrapped

WITH, WITHOUT = "with RCL", "without RCL"
#: A part of a bar narrower than this (in percent) has no room for its number.
ROOM = 5.0
#: More names than this stand upright: slanted ones would run into each other.
SLANTED_UP_TO = 8
#: Letters of a name in one line.
LETTERS = 19


def predicates_figure(
    theme: Theme, predicates: Sequence[str], rows: Sequence[tuple[str, str]], recall: NDArray[np.float64]
) -> Figure:
    """Draw `recall` (predicates, rows) in percent; NaN where a predicate has no ground truth.

    A row: the block that it stands in, whose title stands below, and its name.
    """
    crowded = len(rows) > SLANTED_UP_TO
    figure, (axis,) = blank(0.23 * len(predicates) + 1.9)
    ramp = LinearSegmentedColormap.from_list("ramp", theme.ramp).with_extremes(bad=theme.surface)
    axis.imshow(np.ma.masked_invalid(recall), cmap=ramp, vmin=0, vmax=100, aspect="auto")
    for (y, x), value in np.ndenumerate(recall):
        ink = readable(to_hex(ramp(value / 100)), theme.text, theme.surface)
        number = "–" if np.isnan(value) else f"{value:.0f}"
        axis.text(x, y, number, ha="center", va="center", color=ink, size=7 if crowded else 8)
    axis.set_yticks(range(len(predicates)), predicates)
    turned = {"rotation": 90} if crowded else {"rotation": 40, "ha": "left", "rotation_mode": "anchor"}
    names = [wrapped(name, LETTERS) for _, name in rows]
    axis.set_xticks(range(len(rows)), names, **turned, linespacing=1.0, size=7.5 if crowded else None)
    axis.xaxis.tick_top()
    axis.grid(visible=False)
    axis.spines[:].set_visible(False)
    _blocks(axis, theme, [block for block, _ in rows], len(predicates))
    return figure


def _blocks(axis: Axes, theme: Theme, blocks: Sequence[str], foot: int) -> None:
    """Name the blocks below their columns and part them."""
    start = 0
    for title, columns in groupby(blocks):
        end = start + len(list(columns))
        axis.axvline(start - 0.5, color=theme.surface, lw=3)
        if title:
            axis.plot([start - 0.3, end - 0.7], [foot - 0.2] * 2, color=theme.muted, lw=0.9, clip_on=False)
            axis.text((start + end - 1) / 2, foot, title, ha="center", va="top")
        start = end
    axis.set_xlim(-0.5, start - 0.5)
    axis.set_ylim(foot - 0.5, -0.5)


def contrast_figure(
    theme: Theme, predicates: Sequence[str], with_rcl: NDArray[np.float64], without: NDArray[np.float64]
) -> Figure:
    """Draw (P,) recalls in percent, NaN where there is no ground truth; the order is that given, first on top."""
    figure, (axis,) = blank(0.23 * len(predicates) + 1.1)
    rows = np.arange(len(predicates))
    better = with_rcl >= without
    for mine, colour in ((better, theme.series[0]), (~better, theme.series[1])):
        axis.hlines(rows[mine], without[mine], with_rcl[mine], color=colour, lw=2, alpha=0.55, zorder=1)
    axis.plot(without, rows, "o", ms=5.5, mec=theme.series[1], mfc=theme.surface, label=WITHOUT)
    axis.plot(with_rcl, rows, "o", ms=5.5, color=theme.series[0], label=WITH)
    for row in np.flatnonzero(np.isnan(with_rcl) | np.isnan(without)):
        axis.text(0, float(row), "not in test", va="center", size=7, color=theme.muted)
    axis.set_xlim(-2, 102)
    axis.set_xlabel("PredCls R@100 (%)")
    predicate_axis(axis, predicates)
    figure.legend(loc="outside upper right", ncols=2, handletextpad=0.1)
    return figure


@dataclass(frozen=True)
class Taken:
    """What the pairs of one true predicate were taken for by one run: counts by name, in the order to draw."""

    truth: str
    run: str
    counts: tuple[tuple[str, int], ...]


def confusion_figure(theme: Theme, panels: Sequence[tuple[str, Sequence[Taken]]]) -> Figure:
    """Draw panels (title, rows) below each other: a bar a row, parted by what was predicted, percent of its pairs."""
    heights = [len(rows) for _, rows in panels]
    figure, axes = blank(
        0.34 * sum(heights) + 0.45 * len(panels) + 0.7, len(panels), sharex=True, height_ratios=heights
    )
    names = list(dict.fromkeys(name for _, rows in panels for row in rows for name, _ in row.counts))
    colours = dict(zip(names, (*theme.series[: len(names) - 2], theme.muted, theme.grid), strict=True))
    for axis, (title, rows) in zip(axes, panels, strict=True):
        _panel(axis, theme, rows, colours)
        axis.set_title(title)
    axes[-1].set_xlabel("taken for (% of the pairs)")
    handles = [Patch(color=colours[name], label=name) for name in names]
    figure.legend(
        handles=handles, loc="outside upper right", ncols=len(names), handlelength=1.0, columnspacing=1.0
    )
    return figure


def _panel(axis: Axes, theme: Theme, rows: Sequence[Taken], colours: dict[str, str]) -> None:
    """Bars of one true predicate stand together."""
    places, place = [], -1.0
    for number, row in enumerate(rows):
        place += 1.0 if not number or row.truth == rows[number - 1].truth else 1.4
        places.append(place)
        _bar(axis, theme, place, row, colours)
    totals = [sum(count for _, count in row.counts) for row in rows]
    labels = [f"{row.truth}, {row.run} ({total:,})" for row, total in zip(rows, totals, strict=True)]
    axis.set_yticks(places, labels)
    axis.set_ylim(places[-1] + 0.5, -0.5)
    axis.set_xlim(0, 100)
    axis.grid(visible=False)


def _bar(axis: Axes, theme: Theme, place: float, row: Taken, colours: dict[str, str]) -> None:
    total = sum(count for _, count in row.counts) or 1
    left = 0.0
    for name, count in row.counts:
        width = 100 * count / total
        axis.barh(place, width, left=left, height=0.78, color=colours[name])
        if width >= ROOM:
            ink = readable(colours[name], theme.text, theme.surface)
            axis.text(left + width / 2, place, f"{width:.0f}", ha="center", va="center", color=ink, size=8)
        left += width
