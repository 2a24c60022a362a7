"""How often each predicate occurs: annotated relations by split, and what the knowledge base knows."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
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
        there = counts[split][order] > 0
        rows = np.flatnonzero(there)
        axis.plot(counts[split][order][there], rows, "o", ms=5, color=theme.series[colour], label=name)
    _predicate_axis(axis, [predicates[number] for number in order])
    axis.set_xscale("log")
    axis.set_xlabel("annotated relations (logarithmic)")
    figure.legend(loc="outside upper right", ncols=3, handletextpad=0.1, columnspacing=1.0)
    return figure


def knowledge_figure(
    theme: Theme,
    predicates: Sequence[str],
    distinct: NDArray[np.int64],
    mentions: NDArray[np.int64],
    coverage: NDArray[np.float64],
) -> Figure:
    """Draw three bars a predicate: distinct triplets, caption mentions, share of relations known (0-1, NaN)."""
    order = by_frequency(mentions)
    figure, axes = blank(0.21 * len(predicates) + 0.9, 1, 3, sharey=True)
    panels = (
        (distinct, "distinct triplets", 0),
        (mentions, "caption mentions", 1),
        (100 * coverage, "coverage (%)", 2),
    )
    for axis, (values, heading, colour) in zip(axes, panels, strict=True):
        axis.barh(range(len(order)), np.nan_to_num(values[order]), color=theme.series[colour], height=0.62)
        axis.set_title(heading)
        _predicate_axis(axis, [predicates[number] for number in order])
    for axis in axes[:2]:
        axis.set_xscale("symlog", linthresh=1)
    axes[2].set_xlim(0, 100)
    return figure


def _predicate_axis(axis: Axes, names: Sequence[str]) -> None:
    axis.set_yticks(range(len(names)), names)
    axis.set_ylim(len(names) - 0.4, -0.6)
    axis.grid(axis="y", visible=False)
