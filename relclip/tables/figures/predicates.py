"""Recall of each predicate for the rows of table 1, as shaded numbers, frequent predicates first."""

from collections.abc import Sequence

import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from numpy.typing import NDArray

from relclip.tables.figures.style import Theme, blank

READABLE_FROM = 0.55
#: More names than this stand upright: slanted ones would run into each other.
SLANTED_UP_TO = 8


def predicates_figure(
    theme: Theme, predicates: Sequence[str], rows: Sequence[str], recall: NDArray[np.float64]
) -> Figure:
    """Draw `recall` (predicates, rows) in percent; NaN where a predicate has no ground truth."""
    figure, (axis,) = blank(0.23 * len(predicates) + 1.6)
    ramp = LinearSegmentedColormap.from_list("ramp", theme.ramp).with_extremes(bad="none")
    axis.imshow(np.ma.masked_invalid(recall), cmap=ramp, vmin=0, vmax=100, aspect="auto")
    for (y, x), value in np.ndenumerate(recall):
        # The ramp ends in the text's own colour, so its upper part takes the page's colour instead.
        colour = theme.surface if value > 100 * READABLE_FROM else theme.text
        axis.text(
            x, y, "–" if np.isnan(value) else f"{value:.0f}", ha="center", va="center", color=colour, size=8
        )
    axis.set_yticks(range(len(predicates)), predicates)
    slanted = {"rotation": 40, "ha": "left", "rotation_mode": "anchor"}
    axis.set_xticks(range(len(rows)), rows, **(slanted if len(rows) <= SLANTED_UP_TO else {"rotation": 90}))
    axis.xaxis.tick_top()
    axis.grid(visible=False)
    axis.spines[:].set_visible(False)
    return figure
