"""How often each predicate occurs: annotated relations by split, and what the knowledge base knows."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter
from numpy.typing import NDArray

from relclip.tables.figures.style import Theme, blank

SPLIT_NAMES = {"train": "train", "val": "validation", "test": "test"}


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
    axis.set_xlabel("logarithmic")
    predicate_axis(axis, [predicates[number] for number in order])
    figure.legend(loc="outside upper right", ncols=2, handletextpad=0.1, columnspacing=1.0)
    return figure


def _dots(axis: Axes, counts: NDArray[np.int64], colour: str, name: str) -> None:
    """One dot a row; a count of zero has no place on a logarithmic axis and stays away."""
    rows = np.flatnonzero(counts > 0)
    axis.plot(counts[rows], rows, "o", ms=5, color=colour, label=name)
    axis.set_xscale("log")
    axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axis.xaxis.set_minor_formatter(NullFormatter())


def predicate_axis(axis: Axes, names: Sequence[str]) -> None:
    """Name the rows of a figure, the first on top."""
    axis.set_yticks(range(len(names)), names)
    axis.set_ylim(len(names) - 0.4, -0.6)
    axis.grid(axis="y", visible=False)
