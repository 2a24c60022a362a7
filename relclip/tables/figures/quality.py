"""How often each predicate occurs, how good the knowledge base is, and what its size does to a training."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator
from numpy.typing import NDArray

from relclip.tables.figures.style import Theme, blank

SPLIT_NAMES = {"train": "train", "val": "validation", "test": "test"}
#: What it is compared with -> (legend, filled).
MARKS = {"annotation": ("annotation", False), "truth": ("full truth", True)}


def by_frequency(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Row numbers, the most frequent first, ties in the order given."""
    return np.argsort(-counts, kind="stable")


def relations_figure(
    theme: Theme, predicates: Sequence[str], counts: Mapping[str, NDArray[np.int64]]
) -> Figure:
    """Draw annotated relations of each predicate, one dot a split, on a logarithmic axis."""
    order = by_frequency(counts["train"])
    figure, (axis,) = blank(0.21 * len(predicates) + 1.1)
    for colour, (split, name) in enumerate(SPLIT_NAMES.items()):
        _dots(axis, counts[split][order], theme.series[colour], name)
    predicate_axis(axis, [predicates[number] for number in order])
    axis.set_xlabel("annotated relations (logarithmic)")
    figure.legend(loc="outside upper right", ncols=3, handletextpad=0.1, columnspacing=1.0)
    return figure


def knowledge_figure(
    theme: Theme, predicates: Sequence[str], distinct: NDArray[np.int64], mentions: NDArray[np.int64]
) -> Figure:
    """Draw triplets and caption mentions of each predicate as dots on a logarithmic axis."""
    order = by_frequency(mentions)
    figure, (axis,) = blank(0.21 * len(predicates) + 1.1)
    _dots(axis, mentions[order], theme.series[1], "caption mentions")
    _dots(axis, distinct[order], theme.series[0], "distinct triplets")
    axis.set_xlabel("how many (logarithmic)")
    predicate_axis(axis, [predicates[number] for number in order])
    figure.legend(loc="outside upper right", ncols=2, handletextpad=0.1, columnspacing=1.0)
    return figure


def _dots(axis: Axes, counts: NDArray[np.int64], colour: str, name: str) -> None:
    """One dot a row; a count of zero has no place on a logarithmic axis and stays away."""
    rows = np.flatnonzero(counts > 0)
    axis.plot(counts[rows], rows, "o", ms=5, color=colour, label=name)
    axis.set_xscale("log")
    axis.xaxis.set_major_locator(LogLocator(subs=(1, 3)))
    axis.xaxis.set_minor_locator(NullLocator())
    axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))


def predicate_axis(axis: Axes, names: Sequence[str]) -> None:
    """Name the rows of a figure, the first on top."""
    axis.set_yticks(range(len(names)), names)
    axis.set_ylim(len(names) - 0.4, -0.6)
    axis.grid(axis="y", visible=False)


def quality_figure(
    theme: Theme,
    predicates: Sequence[str],
    precision: Mapping[str, NDArray[np.float64]],
    coverage: Mapping[str, NDArray[np.float64]],
) -> Figure:
    """Draw (P,) shares, NaN where there is nothing to count, against the annotation and, if known, the truth.

    The predicates stand in the order given, the first on top.
    """
    figure, axes = blank(0.21 * len(predicates) + 1.2, 1, 2, sharey=True)
    for axis, colour, shares in zip(axes, theme.series[:2], (precision, coverage), strict=True):
        _range(axis, theme, shares)
        for judged, values in shares.items():
            name, filled = MARKS[judged]
            rows = np.flatnonzero(~np.isnan(values))
            face = colour if filled or len(shares) == 1 else theme.surface
            axis.plot(100 * values[rows], rows, "o", ms=5, mec=colour, mfc=face, label=name)
        axis.set_xlim(-3, 103)
        axis.set_xticks([0, 50, 100])
        predicate_axis(axis, predicates)
    figure.set_layout_engine("constrained", wspace=0.08)
    axes[0].set_xlabel("precision (%)")
    axes[1].set_xlabel("coverage (%)")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper right", ncols=2, handletextpad=0.1)
    return figure


def _range(axis: Axes, theme: Theme, shares: Mapping[str, NDArray[np.float64]]) -> None:
    every = np.stack(list(shares.values()))
    rows = np.flatnonzero(~np.isnan(every).any(axis=0))
    low, high = every[:, rows].min(axis=0), every[:, rows].max(axis=0)
    axis.hlines(rows, 100 * low, 100 * high, color=theme.grid, lw=3, zorder=1)


@dataclass(frozen=True)
class Size:
    """A knowledge base of a share of the captions, in percent; recalls as (mean, low, high) over runs and images."""

    share: float
    coverage: float
    precision: float
    recall: Mapping[str, tuple[float, float, float]]


def size_figure(theme: Theme, sizes: Sequence[Size]) -> Figure:
    """Draw recall above, coverage and precision below, over the share of the captions, on a logarithmic axis."""
    figure, (recalls, shares) = blank(4.3, 2, sharex=True)
    places = [size.share for size in sizes]
    for colour, name in enumerate(dict.fromkeys(name for size in sizes for name in size.recall)):
        found = [(size.share, *size.recall[name]) for size in sizes if name in size.recall]
        x, middle, low, high = np.array(found).T
        recalls.fill_between(x, low, high, color=theme.series[colour], alpha=0.18, lw=0)
        recalls.plot(x, middle, "o-", ms=4, color=theme.series[colour], label=name)
    for colour, name in ((2, "coverage"), (3, "precision")):
        values = [getattr(size, name) for size in sizes]
        shares.plot(places, values, "o-", ms=4, color=theme.series[colour], label=name)
    recalls.set_title("PredCls (%), 95 % bootstrap intervals by image")
    shares.set_title("The knowledge base's triplets (%)")
    for axis in (recalls, shares):
        axis.set_ylim(bottom=0)
        axis.legend(loc="best", ncols=2)
    _share_axis(shares, places)
    return figure


def _share_axis(axis: Axes, places: Sequence[float]) -> None:
    axis.set_xscale("log")
    axis.set_xticks(sorted(set(places)))
    axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g} %"))
    axis.xaxis.set_minor_locator(NullLocator())
    axis.set_xlabel("share of the captions (logarithmic)")
